// YAML text as a small tree in which every value knows where it stands. Built from yaml-cpp's events,
// so that duplicate keys, aliases and bombs are seen before anything is built from them.
#pragma once

#include <vestibule/config/config.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vestibule::config {

/// Bounds of a configuration. Past them there is one problem, and no tree.
inline constexpr std::size_t max_file_bytes = 1024 * 1024;
inline constexpr std::size_t max_depth = 32;
inline constexpr std::size_t max_values = 20'000;

/// A place in the file, from 1.
struct mark {
    int line = 1;
    int column = 1;
};

enum class node_kind {
    null,    // nothing behind the key, or ~
    scalar,  // text
    list,
    map,
    broken,  // already reported; readers pass over it
};

struct member;

/// One value.
struct node {
    node_kind kind = node_kind::null;
    mark at;
    std::string text;             // scalar: as it stands in the file, escapes resolved
    std::vector<node> items;      // list
    std::vector<member> members;  // map, in file order, keys unique
};

/// One key with its value.
struct member {
    std::string key;
    mark at;  // of the key
    node value;
};

/// Reads `yaml`; what is wrong goes to `problems`. Nothing where it is not YAML or over the bounds; an
/// empty file is a null node. Duplicate keys, aliases and tags are reported and passed over.
std::optional<node> parse_yaml(const std::string& yaml, std::vector<problem>& problems);

}  // namespace vestibule::config

// Every key a configuration may have: one table a map. The reader refuses what is not here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::config {

/// One key of a map.
struct known_key {
    std::string_view name;
};

/// One map, named by its path without list indexes: "routes[].match"; "" is the whole file.
struct known_map {
    std::string_view path;
    std::span<const known_key> keys;
};

/// All maps whose keys are fixed. Not here: maps with keys of the user's choice (inject.headers, require).
std::span<const known_map> known_maps() noexcept;

/// The map with a path as messages write it ("routes[2].match"); nullptr where its keys are free.
const known_map* find_known_map(std::string_view path);

/// The key of that name, or nullptr.
const known_key* find_key(const known_map& map, std::string_view name) noexcept;

/// The candidate nearest to `word` by edit distance (swapped neighbours are one edit), where one is near
/// enough to be meant: one edit for short words, up to three for long ones.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates);

/// What would be right in place of an unknown key: `did you mean "cookie"?`, a key of another section
/// with its path, or the list of keys that are known here.
std::string right_key(const known_map& map, std::string_view unknown);

}  // namespace vestibule::config

// A value of the tree with its path, and where problems with it go. Messages show what stands in the file,
// never what a variable stands for; what may be secret is not shown at all.
#pragma once

#include "config/schema.hpp"
#include "config/yaml_tree.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vestibule::config {

/// What one loading shares.
struct context {
    const environment& env;
    std::string base_directory;
    std::vector<problem> problems{};
    std::vector<problem> warnings{};
};

class cursor {
  public:
    /// `n`: nullptr where the key is absent; `at` is then the map that lacks it.
    cursor(context& c, const node* n, mark at, std::string path)
        : context_(&c), node_(n), at_(at), path_(std::move(path)) {}

    /// Whether there is a value to read: not absent, not empty, not already reported.
    bool given() const noexcept { return is(node_kind::scalar) || is(node_kind::list) || is(node_kind::map); }
    bool absent() const noexcept { return !node_; }
    bool is(node_kind kind) const noexcept { return node_ && node_->kind == kind; }
    /// Whether there is a value that holds nothing: null, [] or {}.
    bool empty() const noexcept;
    /// Whether something wrong with it has been reported while the tree was built.
    bool broken() const noexcept { return is(node_kind::broken); }

    const node* value() const noexcept { return node_; }
    mark place() const noexcept { return at_; }
    const std::string& path() const noexcept { return path_; }
    context& shared() const noexcept { return *context_; }
    cursor child(const node* n, mark at, std::string path) const {
        return {*context_, n, at, std::move(path)};
    }

    /// The value of a key, or absent; the element of a list, or absent. Nothing is reported. Below a
    /// value of another kind, which has been or will be reported, everything is broken.
    cursor key(std::string_view name) const;
    cursor item(std::size_t index) const;

    void error(std::string message) const;
    void warn(std::string message) const;

    /// The scalar as it stands in the file, in quotes, for messages.
    std::string shown() const;

    /// The scalar with its variables replaced; nothing, with a problem, where it is no scalar or a variable
    /// is unset. Absent: nothing, no problem.
    std::optional<std::string> text() const;

  private:
    context* context_;
    const node* node_;
    mark at_;
    std::string path_;
};

/// A map whose keys the schema knows. An absent or empty one has no keys.
class map_reader {
  public:
    /// Reports a value that is no map, and unknown and not yet available keys.
    explicit map_reader(cursor at);

    /// The value of `key`, which the schema must know.
    cursor operator[](std::string_view key) const;
    const cursor& at() const noexcept { return at_; }

  private:
    cursor at_;
    const known_map& known_;
};

/// One entry of a map with free keys.
struct entry {
    std::string key;
    cursor name;  // the same value, reported at its key
    cursor value;
};

/// The elements of a list; the entries of a map with free keys. Another kind is reported; absent is empty.
std::vector<cursor> items_of(const cursor& at);
std::vector<entry> entries_of(const cursor& at);

}  // namespace vestibule::config

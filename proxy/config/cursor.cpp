#include "config/cursor.hpp"

#include "config/expand.hpp"
#include "config/text_form.hpp"

#include <cassert>

namespace vestibule::config {
namespace {

std::string_view kind_name(node_kind kind) noexcept {
    switch (kind) {
        case node_kind::list: return "a list";
        case node_kind::map: return "a map";
        case node_kind::scalar: return "a single value";
        case node_kind::null:
        case node_kind::broken: break;
    }
    return "empty";
}

/// Whether there is a value of that kind; another kind is a problem, absent and empty are not.
bool expect(const cursor& at, node_kind kind) {
    if (at.given() && !at.is(kind))
        at.error("is " + std::string(kind_name(at.value()->kind)) + " (it has to be " +
                 std::string(kind_name(kind)) + ")");
    return at.is(kind);
}

}  // namespace

bool cursor::empty() const noexcept {
    return is(node_kind::null) || (is(node_kind::list) && node_->items.empty()) ||
           (is(node_kind::map) && node_->members.empty());
}

cursor cursor::key(std::string_view name) const {
    static const node broken_node{
        .kind = node_kind::broken, .at = {}, .text = {}, .items = {}, .members = {}};
    auto path = join_path(path_, name);
    if (is(node_kind::scalar) || is(node_kind::list) || broken())
        return child(&broken_node, at_, std::move(path));
    if (is(node_kind::map))
        for (const auto& m : node_->members)
            if (m.key == name) return child(&m.value, m.value.at, std::move(path));
    return child(nullptr, at_, std::move(path));
}

cursor cursor::item(std::size_t index) const {
    auto path = path_ + item_suffix(index);
    if (!is(node_kind::list) || index >= node_->items.size()) return child(nullptr, at_, std::move(path));
    const auto& n = node_->items[index];
    return child(&n, n.at, std::move(path));
}

void cursor::error(std::string message) const {
    context_->problems.push_back({at_.line, at_.column, path_, std::move(message)});
}

void cursor::warn(std::string message) const {
    context_->warnings.push_back({at_.line, at_.column, path_, std::move(message)});
}

std::string cursor::shown() const {
    return "\"" + printable(node_ ? std::string_view(node_->text) : std::string_view()) + "\"";
}

std::optional<std::string> cursor::text() const {
    if (!node_ || broken()) return std::nullopt;
    if (is(node_kind::null)) {
        error("has no value (give one, or leave the key out)");
        return std::nullopt;
    }
    if (!expect(*this, node_kind::scalar)) return std::nullopt;
    auto expanded = expand(node_->text, context_->env);
    for (auto& message : expanded.errors) error(std::move(message));
    if (!expanded.errors.empty()) return std::nullopt;
    return std::move(expanded.text);
}

map_reader::map_reader(cursor at) : at_(std::move(at)), known_(*find_known_map(at_.path())) {
    if (!expect(at_, node_kind::map)) return;
    for (const auto& m : at_.value()->members) {
        const auto key = at_.child(&m.value, m.at, join_path(at_.path(), m.key));
        if (!find_key(known_, m.key)) key.error("is not a known key (" + right_key(known_, m.key) + ")");
    }
}

cursor map_reader::operator[](std::string_view key) const {
    assert(find_key(known_, key));
    return at_.key(key);
}

std::vector<cursor> items_of(const cursor& at) {
    std::vector<cursor> items;
    if (!expect(at, node_kind::list)) return items;
    for (std::size_t i = 0; i < at.value()->items.size(); ++i) items.push_back(at.item(i));
    return items;
}

std::vector<entry> entries_of(const cursor& at) {
    std::vector<entry> entries;
    if (!expect(at, node_kind::map)) return entries;
    for (const auto& m : at.value()->members) {
        const auto path = join_path(at.path(), m.key);
        entries.push_back({m.key, at.child(&m.value, m.at, path), at.child(&m.value, m.value.at, path)});
    }
    return entries;
}

}  // namespace vestibule::config

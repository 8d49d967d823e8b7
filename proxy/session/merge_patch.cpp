#include "session/merge_patch.hpp"

#include "session/json_string.hpp"
#include "session/json_text.hpp"

#include <map>
#include <vector>

namespace vestibule::session {
namespace {

// A value that takes the place of what is no object: without its nulls (RFC 7396 section 2, first branch).
std::string without_nulls(std::string_view value) {
    if (value.front() != '{') return std::string(value);
    std::string out = "{";
    json::items members(value, 0);
    while (const auto m = members.next()) {
        const std::string_view inner = m->value_of(value);
        if (inner == "null") continue;
        if (out.size() > 1) out += ',';
        out.append("\"").append(m->key).append("\":").append(without_nulls(inner));
    }
    return out + '}';
}

constexpr std::size_t nowhere = std::string_view::npos;

// A member of the patch, and where the text has what it changes.
struct change {
    std::string_view json;
    std::size_t last = nowhere;  // begin of the member that counts
    bool removes() const noexcept { return json == "null"; }
};

class patch_members {
  public:
    explicit patch_members(std::string_view patch) {
        json::items members(patch, 0);
        while (const auto m = members.next()) {
            const auto [at, is_new] = by_name_.try_emplace(json::unescaped(m->key));
            at->second.json = m->value_of(patch);
            if (is_new) in_order_.push_back(at);
        }
    }

    change* find(std::string_view key) {
        const auto at = by_name_.find(json::unescaped(key));
        return at == by_name_.end() ? nullptr : &at->second;
    }

    const auto& in_order() const noexcept { return in_order_; }

  private:
    std::map<std::string, change> by_name_;
    std::vector<decltype(by_name_)::iterator> in_order_;
};

struct member {
    json::item at;
    change* by;  // null: stays as it is
};

// The members of the text, each with what changes it.
std::vector<member> members_of(std::string_view text, patch_members& patch) {
    std::vector<member> all;
    json::items members(text, 0);
    while (const auto m = members.next()) {
        change* const by = patch.find(m->key);
        if (by != nullptr) by->last = m->begin;
        all.push_back({*m, by});
    }
    return all;
}

void append_new_value(std::string& out, std::string_view before, std::string_view patch) {
    if (before.starts_with('{') && patch.starts_with('{'))
        out += merged(before, patch);
    else
        out += without_nulls(patch);
}

}  // namespace

std::string merged(std::string_view text, std::string_view patch) {
    patch_members changes(patch);
    std::string out = "{";
    std::size_t copied = 1;  // the text before this is in `out`, or removed
    bool any = false, gone = false;
    for (const auto& [at, by] : members_of(text, changes)) {
        if (by != nullptr && by->removes()) {
            // What separated it goes with it; of the first, the space before it stays.
            if (copied == 1) out += text.substr(1, at.begin - 1);
            copied = at.end;
            gone = true;
            continue;
        }
        // With the comma before it, unless nothing is left before that.
        const std::size_t from = !any && gone ? at.begin : gone ? at.separator : copied;
        const bool changed = by != nullptr && by->last == at.begin;
        out += text.substr(from, (changed ? at.value : at.end) - from);
        if (changed) append_new_value(out, at.value_of(text), by->json);
        copied = at.end;
        any = true;
        gone = false;
    }
    for (const auto& each : changes.in_order()) {
        const auto& [name, by] = *each;
        if (by.last != nowhere || by.removes()) continue;
        if (any) out += ',';
        json::append_string(out, name);
        out += ':';
        out += without_nulls(by.json);
        any = true;
    }
    out += text.substr(copied);
    return out;
}

}  // namespace vestibule::session

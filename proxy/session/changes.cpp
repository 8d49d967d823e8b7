#include <vestibule/session/changes.hpp>

#include "session/json_string.hpp"
#include "session/json_text.hpp"
#include "session/merge_patch.hpp"

#include <algorithm>

namespace vestibule::session {
namespace {

constexpr std::size_t max_patch = 64 * 1024;

bool is_container(std::string_view json) noexcept {
    return json.front() == '{' || json.front() == '[';
}

// As a merge patch has it, null and scalars on the way give way to objects; an array does not.
result<std::string> set_member(const std::string& text, const member_change& m) {
    auto edited = edit_set(text, m.at, m.json);
    const auto& tokens = m.at.tokens();
    for (auto end = tokens.begin(); edited.error() == errc::pointer_conflict && end != tokens.end(); ++end) {
        const json_pointer on_the_way = json_pointer::of({tokens.begin(), end});
        const auto before = document::parse(text).value().find(on_the_way);
        if (!before) break;
        if (is_container(*before)) continue;
        const auto room = edit_set(text, on_the_way, "{}");
        return room ? edit_set(*room, m.at, m.json) : room;
    }
    return edited;
}

// The document with that list, beside its other notes.
result<std::string> with_vault(std::string_view text, std::span<const vault_cookie> cookies) {
    if (cookies.empty()) return without_vault(text);
    const std::string list = vault_json(cookies);
    const json_pointer own = json_pointer::of({"vestibule"});
    const auto notes = document::parse(text).value().find(own);
    if (notes && notes->front() == '{') return edit_set(text, json_pointer::of({"vestibule", "vault"}), list);
    return edit_set(text, own, "{\"vault\":" + list + '}');
}

}  // namespace

bool session_changes::sets(const json_pointer& p) const {
    const auto covers = [&](const member_change& m) {
        const auto &set_at = m.at.tokens(), &all = p.tokens();
        return set_at.size() <= all.size() && std::equal(set_at.begin(), set_at.end(), all.begin());
    };
    return std::any_of(set.begin(), set.end(), covers) ||
           (!merge_patch.empty() && json_at(merge_patch, p).has_value());
}

result<std::string> applied(std::string_view text, const session_changes& c, vault_report* report) {
    if (const auto d = document::parse(text); !d) return d.error();
    std::string out(text);
    for (const member_change& m : c.set) {
        const auto before = document::parse(out).value().find(m.at);
        if (before && *before == m.json) continue;
        auto edited = set_member(out, m);
        if (!edited) return edited;
        out = *std::move(edited);
    }
    if (!c.merge_patch.empty()) {
        const std::string_view object = json::trimmed(out);
        out.replace(out.find('{'), object.size(), merged(object, json::trimmed(c.merge_patch)));
        if (const auto d = document::parse(out); !d) return d.error();
    }
    vault_report came_of;
    if (!c.vault.empty()) {
        auto cookies = read_vault(document::parse(out).value());
        if (change_vault(cookies, c.vault, c.at, came_of)) {
            auto edited = with_vault(out, cookies);
            if (!edited) return edited;
            out = *std::move(edited);
        }
    }
    if (report != nullptr) *report = std::move(came_of);
    return out;
}

result<std::string> restored(std::string_view text, std::span<const vault_cookie> remembered, unix_time now) {
    const auto d = document::parse(text);
    if (!d) return d.error();
    auto cookies = read_vault(*d);
    return restore_vault(cookies, remembered, now) ? with_vault(text, cookies) : std::string(text);
}

result<std::string> without_vault(std::string_view text) {
    auto edited = edit_remove(text, json_pointer::of({"vestibule", "vault"}));
    if (!edited) return edited;
    const json_pointer own = json_pointer::of({"vestibule"});
    const auto notes = document::parse(*edited).value().find(own);
    return notes && *notes == "{}" ? edit_remove(*edited, own) : edited;
}

bool is_free_member(std::string_view name) noexcept {
    static constexpr std::string_view taken[] = {"cookie",
                                                 "vestibule",
                                                 "id",
                                                 "req",
                                                 "touch",
                                                 "resetMaxAge",
                                                 "save",
                                                 "reload",
                                                 "destroy",
                                                 "regenerate",
                                                 "constructor",
                                                 "hasOwnProperty",
                                                 "isPrototypeOf",
                                                 "propertyIsEnumerable",
                                                 "toLocaleString",
                                                 "toString",
                                                 "valueOf",
                                                 "__proto__",
                                                 "__defineGetter__",
                                                 "__defineSetter__",
                                                 "__lookupGetter__",
                                                 "__lookupSetter__"};
    return !name.empty() && std::find(std::begin(taken), std::end(taken), name) == std::end(taken);
}

bool is_own_place(const json_pointer& p) noexcept {
    return !p.tokens().empty() && p.tokens().front() == "vestibule";
}

std::optional<std::string_view> check_patch(std::string_view patch, const std::vector<std::string>& allow) {
    if (patch.size() > max_patch) return "is longer than 64 KiB";
    if (!json::valid(patch)) return "is not JSON";
    const std::string_view object = json::trimmed(patch);
    if (object.front() != '{') return "is not a JSON object";
    json::items members(object, 0);
    while (const auto m = members.next()) {
        const std::string name = json::unescaped(m->key);
        if (!is_free_member(name)) return "changes a reserved member";
        if (!allow.empty() && std::find(allow.begin(), allow.end(), name) == allow.end())
            return "changes a member that backend_control.allow does not list";
    }
    return {};
}

}  // namespace vestibule::session

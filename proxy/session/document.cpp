#include <vestibule/session/document.hpp>

#include <vestibule/base/utf8.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include "session/json_string.hpp"
#include "session/json_text.hpp"

namespace vestibule::session {
namespace {

constexpr std::size_t max_size = 4 * 1024 * 1024;
constexpr double longest_life = 8.64e15;  // ms; what JavaScript's Date can hold

// The text of the value, if `object` is an object that has such a member.
std::optional<std::string_view> member_text(std::string_view object, std::string_view name) noexcept {
    if (object.front() != '{') return {};
    const auto m = json::find_member(object, 0, name);
    if (!m) return {};
    return m->value_of(object);
}

template <class Number>
std::optional<Number> number(std::string_view json) noexcept {
    Number value{};
    const char* const end = json.data() + json.size();
    const auto [stop, failed] = std::from_chars(json.data(), end, value);
    if (failed != std::errc() || stop != end) return {};
    return value;
}

std::optional<unix_time> time_of(std::string_view json) noexcept {
    const auto ms = number<std::int64_t>(json);
    if (!ms || *ms < 0) return {};
    return unix_time(milliseconds(*ms));
}

bookkeeping own_notes(std::string_view own) noexcept {
    bookkeeping b;
    if (own.front() != '{') return b;
    constexpr std::array<std::string_view, 4> names{"since", "made", "user", "vault"};
    std::array<std::optional<json::item>, 4> found;
    json::find_members(own, 0, names, found);
    const auto& [since, made, user, vault] = found;
    if (since) b.since = time_of(since->value_of(own));
    if (made) b.made = time_of(made->value_of(own));
    if (user) b.user = user->value_of(own);
    if (vault && own[vault->value] == '[') b.vault = vault->value_of(own);
    return b;
}

std::optional<std::int64_t> life_of(std::string_view json) noexcept {
    const auto life = number<double>(json);
    if (!life || *life < 1) return {};
    return static_cast<std::int64_t>(std::floor(std::min(*life, longest_life)));
}

std::optional<std::string_view> value_at(std::string_view value, const json_pointer& p) noexcept {
    for (const std::string& token : p.tokens()) {
        std::optional<json::item> next;
        if (value.front() == '{') next = json::find_member(value, 0, token);
        if (value.front() == '[') next = json::find_element(value, 0, token);
        if (!next) return {};
        value = next->value_of(value);
    }
    return value;
}

}  // namespace

result<json_pointer> json_pointer::parse(std::string_view text) {
    json_pointer p;
    p.text_ = text;
    if (!valid_utf8(text) || (!text.empty() && text.front() != '/')) return errc::invalid_argument;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '/') {
            p.tokens_.emplace_back();
        } else if (text[i] != '~') {
            p.tokens_.back() += text[i];
        } else {
            const char code = ++i < text.size() ? text[i] : '\0';
            if (code != '0' && code != '1') return errc::invalid_argument;
            p.tokens_.back() += code == '0' ? '~' : '/';
        }
    }
    return p;
}

json_pointer json_pointer::of(std::vector<std::string> tokens) {
    json_pointer p;
    for (const std::string& token : tokens) {
        p.text_ += '/';
        for (const char c : token) {
            if (c == '~')
                p.text_ += "~0";
            else if (c == '/')
                p.text_ += "~1";
            else
                p.text_ += c;
        }
    }
    p.tokens_ = std::move(tokens);
    return p;
}

result<document> document::parse(std::string_view text) {
    if (text.size() > max_size || !json::valid(text)) return errc::malformed_value;
    document d;
    d.text_ = text;
    const std::string_view root = json::trimmed(text);
    if (root.front() != '{') return errc::malformed_value;
    constexpr std::array<std::string_view, 2> names{"cookie", "vestibule"};
    std::array<std::optional<json::item>, 2> found;
    json::find_members(root, 0, names, found);
    const auto& [cookie, own] = found;
    if (!cookie || root[cookie->value] != '{') return errc::malformed_value;
    if (const auto life = member_text(cookie->value_of(root), "originalMaxAge")) {
        d.cookie_.original_max_age = life_of(*life);
    }
    if (own) d.own_ = own_notes(own->value_of(root));
    return d;
}

std::optional<std::string_view> document::find(const json_pointer& p) const noexcept {
    return value_at(json::trimmed(text_), p);
}

std::optional<std::string_view> json_at(std::string_view text, const json_pointer& p) noexcept {
    if (text.size() > max_size || !json::valid(text)) return {};
    return value_at(json::trimmed(text), p);
}

bool begins_json(std::string_view text) noexcept {
    return json::begins_valid(text);
}

bool names_once(std::string_view object, std::string_view name) {
    const auto lower = [](std::string_view text) {
        std::string out;
        for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        return out;
    };
    if (!json::valid(object)) return false;
    object = json::trimmed(object);
    if (object.front() != '{') return false;
    const std::string wanted = lower(name);
    std::size_t n = 0;
    json::items members(object, 0);
    while (const auto m = members.next()) {
        n += lower(json::unescaped(m->key)) == wanted;
    }
    return n == 1;
}

}  // namespace vestibule::session

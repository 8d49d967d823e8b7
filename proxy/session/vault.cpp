#include <vestibule/session/vault.hpp>

#include <vestibule/http/received_cookie.hpp>

#include "session/json_string.hpp"
#include "session/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vestibule::session {
namespace {

constexpr std::int64_t end_of_time = 8'640'000'000'000'000;  // ms; what JavaScript's Date can hold

void append_json(std::string& out, std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) text += static_cast<char>(0xc0 | byte >> 6);
        text += byte < 0x80 ? c : static_cast<char>(0x80 | (byte & 0x3f));
    }
    json::append_string(out, text);
}

// The way back. Nothing where it is no string, or has characters that no byte stands for.
std::optional<std::string> bytes_of(std::string_view json) {
    if (json.front() != '"') return {};
    const std::string text = json::unescaped(json.substr(1, json.size() - 2));
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte > 0xc3) return {};
        out += byte < 0x80 ? text[i] : static_cast<char>((byte << 6) | (text[i + 1] & 0x3f));
        if (byte >= 0x80) ++i;
    }
    return out;
}

bool is_plain(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f || c == ';';
    });
}

// Whether it can stand in a Cookie line without being read as something else.
bool is_sendable(const vault_cookie& c) noexcept {
    return !c.name.empty() && c.name.find('=') == c.name.npos && is_plain(c.name) && is_plain(c.value) &&
           c.path.starts_with('/') && is_plain(c.path);
}

// Milliseconds since 1970. False: it is there, and is none.
bool read_time(const std::optional<json::item>& m, std::string_view entry, std::optional<unix_time>& out) {
    if (!m) return true;
    const auto number = m->value_of(entry);
    std::int64_t ms = -1;
    const auto [stop, failed] = std::from_chars(number.data(), number.data() + number.size(), ms);
    if (failed != std::errc() || stop != number.data() + number.size() || ms < 0) return false;
    out = unix_time(milliseconds(std::min(ms, end_of_time)));
    return true;
}

std::optional<vault_cookie> read_cookie(std::string_view entry) {
    if (entry.front() != '{') return {};
    constexpr std::array<std::string_view, 5> names{"name", "value", "path", "expires", "set"};
    std::array<std::optional<json::item>, 5> found;
    json::find_members(entry, 0, names, found);
    const auto text_of = [&](const std::optional<json::item>& m) {
        return m ? bytes_of(m->value_of(entry)) : std::nullopt;
    };
    auto name = text_of(found[0]), path = text_of(found[2]);
    auto value = found[1] ? text_of(found[1]) : std::string();
    std::optional<unix_time> expires, set;
    if (!name || !value || !path || !read_time(found[3], entry, expires) || !read_time(found[4], entry, set))
        return {};
    vault_cookie c{std::move(*name), std::move(*value),         std::move(*path),
                   expires,          set.value_or(unix_time{}), !found[1]};
    return is_sendable(c) ? std::optional(std::move(c)) : std::nullopt;
}

bool is_over(const vault_cookie& c, unix_time now) noexcept {
    return c.expires && *c.expires <= now;
}

std::size_t size_of(const vault_cookie& c) noexcept {
    return c.name.size() + c.value.size() + c.path.size();
}

// Whether an end that has moved is worth a write.
bool has_moved(const std::optional<unix_time>& from, const std::optional<unix_time>& to,
               unix_time now) noexcept {
    if (!from || !to) return from.has_value() != to.has_value();
    return std::chrono::abs(*to - *from) * 10 >= *to - now;
}

using list = std::vector<vault_cookie>;

list::iterator find(list& cookies, const vault_cookie& c) noexcept {
    return std::find_if(cookies.begin(), cookies.end(), [&](const vault_cookie& known) {
        return known.name == c.name && known.path == c.path;
    });
}

// What does not count any more.
void drop_old(list& cookies, unix_time now) {
    std::erase_if(cookies, [&](const vault_cookie& c) {
        return c.gone ? c.set + vault_memory_time <= now : is_over(c, now);
    });
}

// Whether the list keeps its bounds with `c` instead of what is at `at`.
bool has_room(const list& cookies, list::const_iterator at, const vault_cookie& c) noexcept {
    std::size_t count = 1, total = size_of(c);
    for (auto each = cookies.begin(); each != cookies.end(); ++each) {
        if (each == at || each->gone) continue;
        ++count;
        total += size_of(*each);
    }
    return c.name.size() + c.value.size() <= vault_limits::pair && count <= vault_limits::cookies &&
           total <= vault_limits::total;
}

void put(list& cookies, list::iterator at, vault_cookie c) {
    if (at == cookies.end())
        cookies.push_back(std::move(c));
    else
        *at = std::move(c);  // in its place: its age stays (RFC 6265 5.3, step 11)
}

}  // namespace

std::vector<vault_cookie> read_vault(const document& d) {
    std::vector<vault_cookie> out;
    if (!d.own().vault) return out;
    json::items entries(*d.own().vault, 0);
    while (const auto e = entries.next())
        if (auto c = read_cookie(e->value_of(*d.own().vault))) out.push_back(*std::move(c));
    return out;
}

std::string vault_json(std::span<const vault_cookie> cookies) {
    std::string out = "[";
    const auto number = [](unix_time t) { return std::to_string(t.time_since_epoch().count()); };
    for (const vault_cookie& c : cookies) {
        out += out.size() > 1 ? ",{\"name\":" : "{\"name\":";
        append_json(out, c.name);
        if (!c.gone) {
            out += ",\"value\":";
            append_json(out, c.value);
        }
        out += ",\"path\":";
        append_json(out, c.path);
        if (c.expires) out += ",\"expires\":" + number(*c.expires);
        out += ",\"set\":" + number(c.set) + '}';
    }
    return out + ']';
}

bool change_vault(list& cookies, std::span<const vault_change> changes, unix_time now, vault_report& report) {
    drop_old(cookies, now);
    bool changed = false;
    for (const auto& [asked, remove] : changes) {
        const auto at = find(cookies, asked);
        const bool there = at != cookies.end() && !at->gone;
        vault_cookie c = asked;
        c.set = at == cookies.end() ? now : std::max(now, at->set + milliseconds(1));
        c.gone = remove;
        if (remove) {
            ++report.deleted;
            if (!there) continue;
            c.value.clear();
            c.expires.reset();
        } else if (!is_sendable(c) || !has_room(cookies, at, c)) {
            report.refused.push_back(c.name);
            continue;
        } else {
            ++report.kept;
            if (there && at->value == c.value && !has_moved(at->expires, c.expires, now)) continue;
        }
        changed = true;
        std::erase_if(report.written,
                      [&](const vault_cookie& w) { return w.name == c.name && w.path == c.path; });
        report.written.push_back(c);
        put(cookies, at, std::move(c));
    }
    return changed;
}

bool restore_vault(list& cookies, std::span<const vault_cookie> remembered, unix_time now) {
    bool changed = false;
    for (const vault_cookie& c : remembered) {
        const auto at = find(cookies, c);
        if (at == cookies.end() ? c.gone : at->set >= c.set) continue;
        if (!c.gone && (is_over(c, now) || !has_room(cookies, at, c))) continue;
        put(cookies, at, c);
        changed = true;
    }
    return changed;
}

list vault_to_send(const document& d, std::span<const vault_cookie> remembered, unix_time now) {
    auto cookies = read_vault(d);
    restore_vault(cookies, remembered, now);
    std::erase_if(cookies, [](const vault_cookie& c) { return c.gone; });
    std::stable_sort(cookies.begin(), cookies.end(), [](const vault_cookie& a, const vault_cookie& b) {
        return a.path.size() > b.path.size();
    });
    return cookies;
}

bool goes_with(const vault_cookie& c, std::string_view path, unix_time now) noexcept {
    return !c.gone && !is_over(c, now) && http::cookie_path_matches(path, c.path);
}

}  // namespace vestibule::session

#include "app/session_text.hpp"

#include <vestibule/base/utf8.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace vestibule::app {
namespace {

constexpr std::size_t user_width = 24;
constexpr std::size_t name_width = 32;

std::string ttl_of(const session::session_summary& s) {
    return s.ttl ? short_duration(*s.ttl) : "no end";
}

std::string user_of(const session::session_summary& s, std::size_t width) {
    return s.user.empty() ? "-" : printable(s.user, width);
}

// Without the quotes of JSON.
std::string date_of(const std::optional<unix_time>& t) {
    if (!t) return "-";
    const std::string json = session::json_date(*t);
    return json.substr(1, json.size() - 2);
}

/// `text` and blanks up to `width` characters; each is taken to be one column wide.
std::string padded(std::string text, std::size_t width) {
    std::size_t characters = 0;
    for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (characters < width) text.append(width - characters, ' ');
    return text;
}

std::string row(std::string_view handle, std::string user, std::string_view state, std::string_view ttl,
                std::string_view bytes) {
    return fmt::format("{:22}  {}  {:9}  {:>8}  {:>8}\n", handle, padded(std::move(user), user_width), state,
                       ttl, bytes);
}

}  // namespace

std::string printable(std::string_view text, std::size_t width) {
    constexpr std::string_view cut = "...";
    std::string out;
    std::size_t characters = 0, fits = 0;
    while (!text.empty()) {
        const std::size_t n = std::max<std::size_t>(utf8_sequence(text), 1);
        const auto first = static_cast<unsigned char>(text[0]);
        // C0, DEL, C1, what is no UTF-8, and what turns the direction of writing.
        const bool control =
            first < 0x20 || first == 0x7F || (n == 1 && first >= 0x80) ||
            (n == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) ||
            (n == 3 && text.substr(0, 2) == "\xE2\x80" && static_cast<unsigned char>(text[2]) >= 0xA8) ||
            (n == 3 && text.substr(0, 2) == "\xE2\x81");
        if (width != 0 && ++characters > width) {
            out.resize(fits);
            return out.append(cut);
        }
        out += control ? "?" : text.substr(0, n);
        if (width != 0 && characters + cut.size() == width) fits = out.size();
        text.remove_prefix(n);
    }
    return out;
}

std::string short_duration(milliseconds d) {
    const auto s = std::chrono::ceil<seconds>(d).count();
    if (s >= 86'400) return fmt::format("{}d{:02}h", s / 86'400, s / 3600 % 24);
    if (s >= 3600) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
    if (s >= 60) return fmt::format("{}m{:02}s", s / 60, s % 60);
    return fmt::format("{}s", s);
}

std::string table_head() {
    return row("HANDLE", "USER", "STATE", "TTL", "BYTES");
}

std::string table_rows(const std::vector<session::session_summary>& sessions) {
    std::string out;
    for (const session::session_summary& s : sessions)
        out += row(s.handle, user_of(s, user_width), to_string(s.state), ttl_of(s), std::to_string(s.bytes));
    return out;
}

std::string text_of(const session::session_details& d) {
    const session::session_summary& s = d.summary;
    std::string out = fmt::format("handle   {}\nstate    {}\nuser     {}\nttl      {}\n", s.handle,
                                  to_string(s.state), user_of(s, 0), ttl_of(s));
    out += fmt::format("since    {}\nends     {}\nrenewed  {}\nbytes    {}\n", date_of(s.since),
                       date_of(s.ends), date_of(s.renewed), s.bytes);
    if (!d.members.empty())
        out += fmt::format("\n{}  {:7}  {:>8}\n", padded("MEMBER", name_width), "TYPE", "BYTES");
    for (const session::member_summary& m : d.members) {
        out += fmt::format("{}  {:7}  {:>8}", padded(printable(m.name, name_width), name_width), m.type,
                           m.bytes);
        if (m.value) out += "  " + printable(*m.value);
        out += '\n';
    }
    return out;
}

}  // namespace vestibule::app

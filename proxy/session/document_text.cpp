#include <vestibule/session/document.hpp>

#include "session/json_string.hpp"
#include "session/json_text.hpp"
#include "session/percent.hpp"

#include <algorithm>
#include <array>

namespace vestibule::session {
namespace {

constexpr std::int64_t end_of_year_9999 = 253'402'300'799'999;  // ms; ISO 8601 has four digits

void append_escaped(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        if (c >= ' ' && c <= '~' && c != '%') {
            out += c;
        } else {
            append_percent(out, c);
        }
    }
}

std::string compact(std::string_view json) {
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (c == '"') quoted = !quoted;
        if (!quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
        out += c;
        if (quoted && c == '\\' && i + 1 < json.size()) out += json[++i];
    }
    return out;
}

// A field value loses the space around it on its way (RFC 9110, section 5.5): " root" must not become
// "root".
void escape_outer_spaces(std::string& value) {
    const std::size_t leading = std::min(value.find_first_not_of(' '), value.size());
    const std::size_t trailing = value.size() - (value.find_last_not_of(' ') + 1);
    std::string escaped;
    for (std::size_t i = 0; i < leading; ++i) escaped += "%20";
    if (leading < value.size()) {
        escaped.append(value, leading, value.size() - leading - trailing);
        for (std::size_t i = 0; i < trailing; ++i) escaped += "%20";
    }
    value = std::move(escaped);
}

// What stands between quotes or brackets.
std::string_view content_of(std::string_view json) noexcept {
    return json.size() < 2 ? std::string_view() : json.substr(1, json.size() - 2);
}

void append_digits(std::string& out, unsigned value, int width) {
    std::array<char, 10> digits;
    for (int i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
    out.append(digits.data(), width);
}

// JavaScript's toISOString.
void append_iso_date(std::string& out, unix_time t) {
    using namespace std::chrono;
    const auto day = floor<days>(t);
    const year_month_day date(day);
    const hh_mm_ss clock(t - day);
    const auto put = [&](auto value, int width, std::string_view behind) {
        append_digits(out, static_cast<unsigned>(value), width);
        out += behind;
    };
    put(static_cast<int>(date.year()), 4, "-");
    put(static_cast<unsigned>(date.month()), 2, "-");
    put(static_cast<unsigned>(date.day()), 2, "T");
    put(clock.hours().count(), 2, ":");
    put(clock.minutes().count(), 2, ":");
    put(clock.seconds().count(), 2, ".");
    put(clock.subseconds().count(), 3, "Z");
}

}  // namespace

std::string header_text(std::string_view json) {
    std::string out;
    json = json::trimmed(json);
    if (json.empty()) return out;
    if (json.front() != '"') {
        append_escaped(out, compact(json));
        return out;
    }
    std::array<char, 4> buffer;
    std::string_view content = content_of(json);
    while (!content.empty()) append_escaped(out, json::take_piece(content, buffer, "\xEF\xBF\xBD"));
    if (out.starts_with(' ') || out.ends_with(' ')) escape_outer_spaces(out);
    return out;
}

std::string plain_text(std::string_view json) {
    json = json::trimmed(json);
    if (!json.starts_with('"')) return compact(json);
    return json::unescaped(content_of(json));
}

bool equals_text(std::string_view json, std::string_view expected) noexcept {
    json = json::trimmed(json);
    if (json.empty() || json.front() == '{' || json.front() == '[') return false;
    return json.front() == '"' ? json::means(content_of(json), expected) : json == expected;
}

bool is_present(std::string_view json) noexcept {
    json = json::trimmed(json);
    const bool container = json.starts_with('{') || json.starts_with('[');
    if (container) return !json::trimmed(content_of(json)).empty();
    return json != "null" && json != "false" && json != "\"\"";
}

std::string json_string(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

std::string json_date(unix_time t) {
    const milliseconds since =
        std::clamp(t.time_since_epoch(), milliseconds(0), milliseconds(end_of_year_9999));
    std::string out = "\"";
    append_iso_date(out, unix_time(since));
    return out + '"';
}

std::string cookie_member_json(const cookie_attributes& a, unix_time now) {
    std::string out = "{\"originalMaxAge\":";
    out += a.max_age ? std::to_string(a.max_age->count()) : "null";
    if (a.partitioned) out += ",\"partitioned\":true";
    out += ",\"expires\":";
    if (a.max_age) {
        const auto life = std::clamp<std::int64_t>(a.max_age->count(), 0, end_of_year_9999);
        out += json_date(now + milliseconds(life));
    } else {
        out += "null";
    }
    if (a.secure) out += ",\"secure\":true";
    out += a.http_only ? ",\"httpOnly\":true" : ",\"httpOnly\":false";
    const auto put = [&](std::string_view name, std::string_view value) {
        out += ',';
        json::append_string(out, name);
        out += ':';
        json::append_string(out, value);
    };
    if (!a.domain.empty()) put("domain", a.domain);
    put("path", a.path);
    if (!a.same_site.empty()) put("sameSite", a.same_site);
    out += '}';
    return out;
}

}  // namespace vestibule::session

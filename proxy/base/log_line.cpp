#include "base/log_line.hpp"

#include <vestibule/base/utf8.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vestibule::log {
namespace {

// The time up to its milliseconds is the same for many lines. Writer's thread; others have their own.
void append_time(std::string& out, unix_time now) {
    thread_local struct {
        std::chrono::sys_seconds second{std::chrono::seconds(-1)};
        std::string text;
    } last;
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != last.second) {
        const auto day = std::chrono::floor<std::chrono::days>(second);
        const std::chrono::year_month_day date(day);
        const std::chrono::hh_mm_ss time(second - day);
        last = {second, fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", int(date.year()),
                                    unsigned(date.month()), unsigned(date.day()), time.hours().count(),
                                    time.minutes().count(), time.seconds().count())};
    }
    const auto ms = static_cast<unsigned>((now - second).count());
    out += last.text;
    for (const unsigned part : {ms / 100, ms / 10 % 10, ms % 10}) out += static_cast<char>('0' + part);
    out += 'Z';
}

void append_real(std::string& out, double value) {
    std::array<char, 32> text;
    const auto [end, failed] =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 3);
    if (failed == std::errc())
        out.append(text.data(), end);
    else
        out += "null";  // of a length that no duration has
}

// Stands for itself in a JSON string.
constexpr bool is_plain(char c) noexcept {
    return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

void append_value(std::string& out, const field& f) {
    if (const auto* text = std::get_if<std::string_view>(&f.value))
        append_json_string(out, *text);
    else if (const auto* number = std::get_if<std::int64_t>(&f.value))
        out += fmt::format_int(*number).str();
    else if (const auto* real = std::get_if<double>(&f.value))
        append_real(out, *real);
    else
        out += std::get<bool>(f.value) ? "true" : "false";
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    constexpr char hex[] = "0123456789abcdef";
    out += '"';
    while (!text.empty()) {
        const auto plain = std::find_if_not(text.begin(), text.end(), is_plain);
        out.append(text.begin(), plain);
        text.remove_prefix(static_cast<std::size_t>(plain - text.begin()));
        if (text.empty()) break;
        const unsigned char c = static_cast<unsigned char>(text.front());
        if (c >= 0x80) {
            const std::size_t n = utf8_sequence(text);
            out.append(n == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, n));
            text.remove_prefix(n == 0 ? 1 : n);
            continue;
        }
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
        }
        text.remove_prefix(1);
    }
    out += '"';
}

void append_json_line(std::string& out, const line& l) {
    out += "{\"time\":\"";
    append_time(out, l.time);
    const bool access = l.kind == "access";
    out += access ? "\",\"type\":\"" : "\",\"level\":\"";
    out += l.kind;
    out += '"';
    if (!access) {
        out += ",\"message\":";
        append_json_string(out, l.message);
    }
    for (const field& f : l.fields) {
        out += ",\"";
        out += f.name;
        out += "\":";
        append_value(out, f);
    }
    out += "}\n";
}

void append_text_line(std::string& out, const line& l) {
    append_time(out, l.time);
    out += ' ';
    for (char c : l.kind) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    if (!l.message.empty()) {
        out += ' ';
        out += l.message;
    }
    for (const field& f : l.fields) {
        out += ' ';
        out += f.name;
        out += '=';
        // Plain words as they are; everything else as a JSON string, so that a line stays a line.
        const auto* text = std::get_if<std::string_view>(&f.value);
        const bool plain = text != nullptr && !text->empty() &&
                           text->find_first_not_of(
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "-_./:*,+@") == std::string_view::npos;
        if (plain)
            out += *text;
        else
            append_value(out, f);
    }
    out += '\n';
}

}  // namespace vestibule::log

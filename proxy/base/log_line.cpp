#include "base/log_line.hpp"

#include <vestibule/base/utf8.hpp>

#include <fmt/format.h>

#include <iterator>

namespace vestibule::log {
namespace {

void append_time(std::string& out, unix_time now) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(now - day);
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()),
                   unsigned(date.month()), unsigned(date.day()), time.hours().count(), time.minutes().count(),
                   time.seconds().count(), time.subseconds().count());
}

void append_value(std::string& out, const field& f) {
    if (const auto* text = std::get_if<std::string_view>(&f.value))
        append_json_string(out, *text);
    else if (const auto* number = std::get_if<std::int64_t>(&f.value))
        fmt::format_to(std::back_inserter(out), "{}", *number);
    else if (const auto* real = std::get_if<double>(&f.value))
        fmt::format_to(std::back_inserter(out), "{:.3f}", *real);
    else
        out += std::get<bool>(f.value) ? "true" : "false";
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    constexpr char hex[] = "0123456789abcdef";
    out += '"';
    while (!text.empty()) {
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
        } else if (c < 0x20 || c == 0x7f) {
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
        } else {
            out += static_cast<char>(c);
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

#include <vestibule/http/framing.hpp>
#include <vestibule/http/path.hpp>

#include "http/ascii.hpp"
#include "http/authority.hpp"
#include "http/control_scan.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

// What stands for itself in a path segment (RFC 3986 pchar without escapes) ...
constexpr ascii::char_set segment_chars{"-._~!$&'()*+,;=:@"};
// ... and does not even begin a path parameter.
constexpr ascii::char_set plain_chars{"-._~!$&'()*+,=:@"};

struct split_target {
    std::string_view path, query, authority;
    bool https = false;
};

// Takes scheme and authority off an absolute-form target. False for every other form than the two.
bool split(std::string_view target, split_target& out) noexcept {
    if (!target.starts_with('/')) {
        const auto scheme_end = target.find("://");
        if (scheme_end == std::string_view::npos) return false;
        const auto scheme = target.substr(0, scheme_end);
        out.https = iequals(scheme, "https");
        if (!out.https && !iequals(scheme, "http")) return false;
        target.remove_prefix(scheme_end + 3);
        const auto authority_end = std::min(target.find_first_of("/?"), target.size());
        out.authority = target.substr(0, authority_end);
        if (!valid_authority(out.authority)) return false;
        target.remove_prefix(authority_end);
    }
    const auto path_end = std::min(target.find('?'), target.size());
    out.path = target.substr(0, path_end);
    out.query = target.substr(path_end);
    return true;
}

// Nearly every path: nothing to decode, merge, resolve or strip.
bool is_normal(std::string_view path) noexcept {
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (plain_chars.contains(path[i])) continue;
        if (path[i] != '/') return false;
        if (i + 1 < path.size() && (path[i + 1] == '/' || path[i + 1] == '.')) return false;
    }
    return !path.empty();
}

// An ASCII character in two or more bytes: no UTF-8, but read as such by what decodes carelessly.
bool overlong(unsigned char lead, unsigned char next) noexcept {
    return ((lead == 0xC0 || lead == 0xC1) && next >= 0x80 && next < 0xC0) ||
           (lead == 0xE0 && next >= 0x80 && next < 0xA0) || (lead == 0xF0 && next >= 0x80 && next < 0x90);
}

// Appends the segment in its one spelling. False for what no path may contain.
bool append_segment(std::string& out, std::string_view segment) {
    unsigned char previous = 0;  // the byte before, where that is 0x80 or above
    for (std::size_t i = 0; i < segment.size(); ++i) {
        auto c = static_cast<unsigned char>(segment[i]);
        bool as_it_is = segment_chars.contains(segment[i]);
        if (c == '%') {
            if (i + 2 >= segment.size()) return false;
            const int high = ascii::hex_value(segment[i + 1]), low = ascii::hex_value(segment[i + 2]);
            if (high < 0 || low < 0) return false;
            c = static_cast<unsigned char>(high * 16 + low);
            if (c < 0x20 || c == 0x7F || c == '/' || c == '\\') return false;
            as_it_is = ascii::unreserved.contains(static_cast<char>(c));
            i += 2;
        } else if (c <= 0x20 || c == 0x7F || c == '\\' || c == '#') {
            return false;
        }
        if (overlong(previous, c)) return false;
        previous = c >= 0x80 ? c : 0;
        if (as_it_is) {
            out += static_cast<char>(c);
        } else {
            ascii::append_escaped(out, c);
        }
    }
    return true;
}

// "." or ".." with something behind it that a backend may drop: which of the two it sees is a guess.
bool is_dressed_dots(std::string_view segment) noexcept {
    const auto dots = segment.find_first_not_of('.');
    if (dots != 1 && dots != 2) return false;
    const auto behind = segment.substr(dots);
    return behind.starts_with(';') || behind.starts_with("%3B");
}

// `out` ends with '/' before every segment; the last segment may be empty.
bool normalise_path(std::string_view path, std::string& out) {
    out = '/';
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        const bool last = path.empty();
        if (segment.empty()) continue;  // one of several slashes, or the trailing one, written already

        const auto start = out.size();
        if (!append_segment(out, segment)) return false;
        const auto written = std::string_view(out).substr(start);
        if (written == ".") {
            out.resize(start);
        } else if (written == "..") {
            if (start == 1) return false;
            out.resize(out.rfind('/', start - 2) + 1);
        } else if (is_dressed_dots(written)) {
            return false;
        } else if (!last) {
            out += '/';
        }
    }
    return true;
}

// Drops parameters, merges the slashes that this leaves side by side, and decodes what a segment can
// hold as it is: "/a%40b" is what a rule for "/a@b" means.
void build_match_path(std::string_view path, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (c == ';') {
            i = std::min(path.find('/', i), path.size()) - 1;
        } else if (c == '%') {
            const auto decoded =
                static_cast<char>(ascii::hex_value(path[i + 1]) * 16 + ascii::hex_value(path[i + 2]));
            if (plain_chars.contains(decoded)) {
                out += decoded;
            } else {
                out.append(path, i, 3);
            }
            i += 2;
        } else if (c != '/' || !out.ends_with('/')) {
            out += c;
        }
    }
}

// Without the port, where that is the one the scheme has anyway.
std::string_view without_default_port(std::string_view authority, bool https) noexcept {
    const auto colon = authority.rfind(':');
    if (colon == std::string_view::npos || authority.ends_with(']')) return authority;
    const auto port = authority.substr(colon + 1);
    return port.empty() || port == (https ? "443" : "80") ? authority.substr(0, colon) : authority;
}

// Bytes that no target may have raw (RFC 3986), but that some clients do not escape.
std::string_view escape_high(std::string_view query, std::string& memory) {
    if (!has_high(query.data(), query.data() + query.size())) return query;
    memory.clear();
    for (const char c : query) {
        if (const auto u = static_cast<unsigned char>(c); u >= 0x80)
            ascii::append_escaped(memory, u);
        else
            memory += c;
    }
    return memory;
}

}  // namespace

error_code normalise_target(std::string_view target, normal_target& out) {
    split_target parts;
    if (!split(target, parts)) return errc::bad_target;
    const char* const query_end = parts.query.data() + parts.query.size();
    if (find_control<0x21>(parts.query.data(), query_end) != query_end ||
        parts.query.find('#') != std::string_view::npos) {
        return errc::bad_target;
    }
    out.query = escape_high(parts.query, out.escaped_query);
    out.authority = parts.authority;
    out.https = parts.https;

    if (is_normal(parts.path)) {
        out.path = parts.path;
        out.match_path = parts.path;
        return {};
    }
    if (!normalise_path(parts.path, out.path)) return errc::bad_target;
    build_match_path(out.path, out.match_path);
    return {};
}

error_code check_authority(const normal_target& target, std::string_view host) noexcept {
    if (target.authority.empty() || host.data() == nullptr) return {};
    const bool same = iequals(without_default_port(target.authority, target.https),
                              without_default_port(host, target.https));
    return same ? error_code{} : errc::bad_target;
}

}  // namespace vestibule::http

// Why not beast::http::basic_parser, of which only the field enumerators are used: it judges
// Content-Length, Transfer-Encoding and Connection on its own before it hands them out, so that the
// outcome of a smuggling attempt would hang on field order and on the Boost version; it unfolds folded
// lines, accepts "Content-Length: 5, 5" and cannot read a trailer section. The scan that would have to
// stand before it sees every byte already; this is that scan. A unit test holds it against Beast's.
#include <vestibule/http/framing.hpp>
#include <vestibule/http/head.hpp>

#include <vestibule/http/known_fields.hpp>
#include "http/ascii.hpp"
#include "http/control_scan.hpp"

#include <algorithm>
#include <cstring>

namespace vestibule::http {
namespace {

constexpr std::size_t max_method = 32;

std::string_view view(const char* first, const char* last) noexcept {
    return {first, static_cast<std::size_t>(last - first)};
}

// Every scan below ends at the latest at the CRLF that this makes sure of, so none of them looks at
// how much is left.
bool ends_in_crlf(std::string_view bytes) noexcept {
    return bytes.size() >= 2 && bytes[bytes.size() - 2] == '\r' && bytes.back() == '\n';
}

const char* skip_token(const char* p) noexcept {
    while (ascii::token.contains(*p)) ++p;
    return p;
}

const char* skip_blanks(const char* p) noexcept {
    while (ascii::is_blank(*p)) ++p;
    return p;
}

const char* find_line_end(const char* p, const char* end) noexcept {
    while (*(p = find_control<0x20>(p, end)) == '\t') ++p;
    return p;
}

// Field lines and the empty line, which must be the end. A folded line fails for its empty name.
error_code parse_fields(const char* p, const char* end, std::size_t max_fields, errc malformed,
                        field_list& out) {
    for (;;) {
        if (end - p < 2) return malformed;
        if (p[0] == '\r') return p[1] == '\n' && p + 2 == end ? error_code{} : malformed;

        const char* const name_end = skip_token(p);
        if (name_end == p || *name_end != ':') return malformed;
        const char* const value = skip_blanks(name_end + 1);
        const char* const line_end = find_line_end(value, end);
        if (line_end[0] != '\r' || line_end[1] != '\n') return malformed;
        if (max_fields != 0 && out.size() == max_fields) return errc::too_many_headers;

        const char* value_end = line_end;
        while (value_end != value && ascii::is_blank(value_end[-1])) --value_end;
        const auto name = view(p, name_end);
        out.push({identify(name), name, view(value, value_end)});
        p = line_end + 2;
    }
}

// "HTTP/1.0" or "HTTP/1.1"; 0 for anything else. `p` moves behind it.
unsigned parse_version(const char*& p, const char* end) noexcept {
    if (end - p < 8 || std::memcmp(p, "HTTP/1.", 7) != 0) return 0;
    const char minor = p[7];
    p += 8;
    return minor == '1' ? 11 : minor == '0' ? 10 : 0;
}

bool take_crlf(const char*& p, const char* end) noexcept {
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n') return false;
    p += 2;
    return true;
}

}  // namespace

std::string_view field_list::find(field_id id) const noexcept {
    for (const field& f : items_)
        if (f.id == id) return f.value;
    return {};
}

std::string_view field_list::find_named(std::string_view name) const noexcept {
    for (const field& f : items_)
        if (iequals(f.name, name)) return f.value;
    return {};
}

std::size_t field_list::count(field_id id) const noexcept {
    std::size_t n = 0;
    for (const field& f : items_) n += f.id == id;
    return n;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    const std::size_t start = out.size();
    out.resize(start + name.size() + value.size() + 4);
    char* p = out.data() + start;
    p = std::copy(name.begin(), name.end(), p);
    *p++ = ':';
    *p++ = ' ';
    p = std::copy(value.begin(), value.end(), p);
    *p++ = '\r';
    *p = '\n';
}

std::size_t find_head_end(std::string_view bytes, std::size_t from) noexcept {
    const char* const first = bytes.data();
    const char* const end = first + bytes.size();
    // The last two bytes searched before may be a line end whose empty line was still to come.
    const char* const start = first + (from > 2 ? from - 2 : 0);
    const char* const empty = find_empty_line(start, end);
    if (empty == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(empty + (empty[0] == '\n' ? 1 : 2) - first);
}

std::size_t find_trailers_end(std::string_view bytes, std::size_t from) noexcept {
    if (bytes.starts_with('\n')) return 1;
    if (bytes.starts_with("\r\n")) return 2;
    return find_head_end(bytes, from);
}

error_code parse_request_head(std::string_view bytes, const head_limits& limits, request_head& out) {
    out.fields.clear();
    if (limits.bytes != 0 && bytes.size() > limits.bytes) return errc::head_too_large;
    if (!ends_in_crlf(bytes)) return errc::malformed_head;
    const char* p = bytes.data();
    const char* const end = p + bytes.size();

    const char* const method_end = skip_token(p);
    out.method = view(p, method_end);
    if (out.method.empty() || out.method.size() > max_method || *method_end != ' ') {
        return errc::malformed_head;
    }
    p = method_end + 1;

    const char* const target_end = find_control<0x21>(p, end);
    out.target = view(p, target_end);
    if (limits.target != 0 && out.target.size() > limits.target) return errc::target_too_long;
    if (out.target.empty() || *target_end != ' ') return errc::malformed_head;
    p = target_end + 1;

    out.version = parse_version(p, end);
    if (out.version == 0 || !take_crlf(p, end)) return errc::malformed_head;
    return parse_fields(p, end, limits.fields, errc::malformed_head, out.fields);
}

bool may_begin_response(std::string_view bytes) noexcept {
    constexpr std::string_view start = "HTTP/1.";
    return start.starts_with(bytes.substr(0, start.size()));
}

error_code parse_response_head(std::string_view bytes, response_head& out) {
    out.fields.clear();
    if (!ends_in_crlf(bytes)) return errc::bad_response;
    const char* p = bytes.data();
    const char* const end = p + bytes.size();

    out.version = parse_version(p, end);
    if (out.version == 0 || end - p < 4 || *p++ != ' ') return errc::bad_response;
    if (p[0] < '1' || !ascii::is_digit(p[0]) || !ascii::is_digit(p[1]) || !ascii::is_digit(p[2])) {
        return errc::bad_response;
    }
    out.status = static_cast<unsigned>((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
    p += 3;

    // Old servers leave out the space too where they have no reason to give.
    if (*p == ' ') {
        ++p;
    } else if (*p != '\r') {
        return errc::bad_response;
    }
    const char* const reason_end = find_line_end(p, end);
    out.reason = view(p, reason_end);
    p = reason_end;
    if (!take_crlf(p, end)) return errc::bad_response;
    return parse_fields(p, end, 0, errc::bad_response, out.fields);
}

error_code parse_trailers(std::string_view bytes, std::size_t max_fields, field_list& out) {
    out.clear();
    if (!ends_in_crlf(bytes)) return errc::malformed_head;
    const auto ec =
        parse_fields(bytes.data(), bytes.data() + bytes.size(), max_fields, errc::malformed_head, out);
    // Whoever trails more than allowed breaks the same agreement; the head is long gone.
    if (ec) return errc::malformed_head;
    for (const field& f : out)
        if (f.id == field_id::content_length || f.id == field_id::transfer_encoding || f.id == field_id::host)
            return errc::malformed_head;
    return {};
}

}  // namespace vestibule::http

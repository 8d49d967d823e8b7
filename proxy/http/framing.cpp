#include <vestibule/http/framing.hpp>

#include "http/ascii.hpp"
#include "http/authority.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

// Digits and nothing else. Nineteen of them always fit.
bool parse_length(std::string_view text, std::uint64_t& out) noexcept {
    if (text.empty() || text.size() > 19) return false;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!ascii::is_digit(c)) return false;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    out = value;
    return true;
}

// What the framing fields say, the same for both directions. False where they can be read in two ways.
// Without any of them, `out` stays as it is.
bool read_framing(unsigned version, const field_list& fields, body_framing& out) noexcept {
    bool has_length = false, has_coding = false;
    for (const field& f : fields) {
        if (f.id == field_id::content_length) {
            if (has_length || !parse_length(f.value, out.length)) return false;
            has_length = true;
            out.kind = body_kind::length;
        } else if (f.id == field_id::transfer_encoding) {
            if (has_coding || version < 11 || !iequals(f.value, "chunked")) return false;
            has_coding = true;
            out.kind = body_kind::chunked;
        }
    }
    return !(has_length && has_coding);
}

// A bit of its own for each field that says who asks for what in which form, and of which one reader takes
// the first line and the next one the last.
unsigned single_bit(field_id id) noexcept {
    switch (id) {
        case field_id::host: return 1;
        case field_id::authorization: return 2;
        case field_id::content_type: return 4;
        case field_id::content_range: return 8;
        case field_id::expect: return 16;
        default: return 0;
    }
}

// Host and the other fields that may stand once.
error_code check_single_fields(const request_head& head) noexcept {
    unsigned seen = 0;
    for (const field& f : head.fields) {
        const unsigned bit = single_bit(f.id);
        if (bit == 0) continue;
        if ((seen & bit) != 0) return errc::malformed_head;
        seen |= bit;
        if (f.id == field_id::host && !valid_authority(f.value)) return errc::malformed_head;
        // HTTP/1.0 knows no expectations (RFC 9110 10.1.1): there it is dropped.
        if (f.id == field_id::expect && head.version >= 11 && !iequals(f.value, "100-continue"))
            return errc::bad_expectation;
    }
    return (seen & 1) != 0 || head.version < 11 ? error_code{} : errc::malformed_head;
}

// CONNECT makes a tunnel of the connection. TRACE shows a client what was added to its request. A backend
// that takes "head" for HEAD sends no body where one is waited for.
bool refused_method(std::string_view method) noexcept {
    switch (method.size()) {
        case 4: return method != "HEAD" && iequals(method, "HEAD");
        case 5: return iequals(method, "TRACE");
        case 7: return iequals(method, "CONNECT");
        default: return false;
    }
}

}  // namespace

result<body_framing> request_framing(const request_head& head) {
    if (refused_method(head.method)) return make_error_code(errc::malformed_head);
    if (const error_code ec = check_single_fields(head)) return ec;
    body_framing framing;
    if (!read_framing(head.version, head.fields, framing)) return make_error_code(errc::bad_framing);
    return framing;
}

result<body_framing> response_framing(const response_head& head, std::string_view request_method) {
    body_framing framing{.kind = body_kind::until_close};
    if (!read_framing(head.version, head.fields, framing)) return make_error_code(errc::bad_response);
    const bool announced = framing.kind == body_kind::chunked || framing.length > 0;
    if (head.status < 200 && announced) return make_error_code(errc::bad_response);
    if (head.status < 200 || head.status == 304 || request_method == "HEAD") return body_framing{};
    if (head.status == 204) return body_framing{.dubious = announced};
    return framing;
}

bool wants_keep_alive(unsigned version, const field_list& fields) {
    bool keep = version >= 11;
    for (const field& f : fields) {
        if (f.id != field_id::connection) continue;
        if (list_contains(f.value, "close")) return false;
        keep = keep || list_contains(f.value, "keep-alive");
    }
    return keep;
}

bool list_contains(std::string_view value, std::string_view token) noexcept {
    while (!value.empty())
        if (iequals(ascii::take_part(value, ','), token)) return true;
    return false;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return x == y || ascii::to_lower(x) == ascii::to_lower(y);
           });
}

}  // namespace vestibule::http

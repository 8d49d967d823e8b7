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

bool valid_host_fields(const request_head& head) noexcept {
    bool seen = false;
    for (const field& f : head.fields) {
        if (f.id != field_id::host) continue;
        if (seen || !valid_authority(f.value)) return false;
        seen = true;
    }
    return seen || head.version < 11;
}

bool never_has_body(unsigned status, std::string_view request_method) noexcept {
    return status < 200 || status == 204 || status == 304 || request_method == "HEAD";
}

}  // namespace

result<body_framing> request_framing(const request_head& head) {
    if (!valid_host_fields(head)) return make_error_code(errc::malformed_head);
    body_framing framing;
    if (!read_framing(head.version, head.fields, framing)) return make_error_code(errc::bad_framing);
    return framing;
}

result<body_framing> response_framing(const response_head& head, std::string_view request_method) {
    if (never_has_body(head.status, request_method)) return body_framing{};
    body_framing framing{.kind = body_kind::until_close};
    if (!read_framing(head.version, head.fields, framing)) return make_error_code(errc::bad_response);
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

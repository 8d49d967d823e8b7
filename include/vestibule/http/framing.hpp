// How long a message is (RFC 9112 section 6), read strictly: what two readers could read differently
// is an error.
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/http/head.hpp>

#include <cstdint>

namespace vestibule::http {

enum class body_kind {
    none,         // no body at all
    length,       // exactly `length` bytes
    chunked,      // chunked coding, maybe trailers
    until_close,  // responses only: up to the end of the connection
};

struct body_framing {
    body_kind kind = body_kind::none;
    std::uint64_t length = 0;
    bool dubious = false;  // a 204 that announces a body: nobody knows whether one follows
};

/// What follows a request head. Errors: bad_framing for Content-Length beside Transfer-Encoding, more
/// than one or a non-decimal Content-Length (a list of equal values too), Transfer-Encoding other than
/// exactly one `chunked`, Transfer-Encoding in HTTP/1.0; malformed_head for no Host field in HTTP/1.1, a Host
/// that is not host[:port], a second one of Host, Authorization, Content-Type, Content-Range, Expect,
/// and for methods that frame differently or answer with the request itself: CONNECT, TRACE, and whatever is
/// HEAD to a reader that ignores case; bad_expectation for anything but 100-continue.
result<body_framing> request_framing(const request_head& head);

/// What follows a response head to a request of method `request_method`. HEAD, 204 and 304 have no body
/// whatever their fields say, which are read all the same. Error: bad_response (the same strictness as for
/// requests; a 1xx with a body).
result<body_framing> response_framing(const response_head& head, std::string_view request_method);

/// Whether the sender wants the connection kept after this message (RFC 9112 9.3).
bool wants_keep_alive(unsigned version, const field_list& fields);

/// Whether the comma-separated value lists `token` (case-insensitive, RFC 9110 5.6.1).
bool list_contains(std::string_view value, std::string_view token) noexcept;

/// Case-insensitive comparison of ASCII text.
bool iequals(std::string_view a, std::string_view b) noexcept;

}  // namespace vestibule::http

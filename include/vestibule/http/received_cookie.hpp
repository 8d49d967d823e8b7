// A Set-Cookie line as a user agent reads it, and where its cookie goes back to (RFC 6265 5.1, 5.2). Pure.
// Domain, Secure, HttpOnly and SameSite are not read: they matter between a browser and the network.
#pragma once

#include <vestibule/base/clock.hpp>

#include <optional>
#include <string_view>

namespace vestibule::http {

/// Views into the line.
struct received_cookie {
    std::string_view name;   // never empty
    std::string_view value;  // as it stands, quotes included, without the space around it
    std::string_view path;   // begins with '/'; empty: the default path counts
    // Of the last Max-Age that is one, else of the last such Expires; 400 days ahead at most, as browsers
    // have it. Nothing: there is neither.
    std::optional<unix_time> expires;
};

/// Nothing where there is no '=' in the pair, or no name before it.
std::optional<received_cookie> read_set_cookie(std::string_view line, unix_time now) noexcept;

/// A date of Expires by the lenient rules of 5.1.1: tokens in any order, whatever stands between them.
/// Nothing where a part is missing or there is no such day.
std::optional<unix_time> read_cookie_date(std::string_view text) noexcept;

/// The path of a cookie that names none (5.1.4): the request's up to its last '/'.
std::string_view default_cookie_path(std::string_view request_path) noexcept;

/// Whether a cookie of `cookie_path` goes with a request for `request_path` (5.1.4): the same path, or one
/// below it.
bool cookie_path_matches(std::string_view request_path, std::string_view cookie_path) noexcept;

}  // namespace vestibule::http

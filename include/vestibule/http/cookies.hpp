// Cookie header in (zero-copy, as the `cookie` package of npm reads it), Set-Cookie out (byte for byte
// as that package serialises it).
#pragma once

#include <vestibule/base/clock.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::http {

struct cookie_pair {
    std::string_view name;
    std::string_view value;  // one pair of surrounding quotes removed; escapes not decoded
    std::string_view whole;  // name=value as it stands, surrounding white space removed
};

/// Takes the next pair off `rest` (a Cookie header's value): split at ';', trim SP and HTAB, first '='.
/// Parts without '=' are skipped. Nothing at the end.
std::optional<cookie_pair> next_cookie(std::string_view& rest) noexcept;

/// Appends the Cookie value `header` to `out` without the pairs named `name`; everything else keeps its
/// bytes. Returns whether anything was left to append.
bool append_cookies_without(std::string& out, std::string_view header, std::string_view name);

enum class same_site_mode { off, lax, strict, none };

/// Attributes in express' order: Domain; Path; Expires; HttpOnly; Secure; Partitioned; SameSite.
struct set_cookie {
    std::string_view name;
    std::string_view value;  // already percent-encoded
    std::string_view domain{};
    std::string_view path{};
    std::optional<unix_time> expires{};
    bool http_only = false;
    bool secure = false;
    bool partitioned = false;
    same_site_mode same_site = same_site_mode::off;
};
void append_set_cookie(std::string& out, const set_cookie& c);

/// "Thu, 01 Jan 1970 00:00:00 GMT" (RFC 9110 5.6.7, JavaScript's toUTCString).
void append_http_date(std::string& out, unix_time t);

}  // namespace vestibule::http

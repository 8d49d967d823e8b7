// Cookie names as backends read them, which is in many ways. PHP takes '.', ' ' and '[' for '_', and what is
// behind '[' for an index; ASP.NET has no case; CGI.pm and old versions of PHP and Rack decode %xx; CGI.pm,
// Tomcat (RFC 2109) and Python's SimpleCookie let a comma, or space, end a cookie.
#pragma once

#include <string_view>

namespace vestibule::http {

/// Whether some backend could find a cookie called `name` in this part of a Cookie header (what stands
/// between two ';'). Says yes too often rather than too seldom: names are equal if their letters and digits
/// are, in any case, decoded or not, as header names are (field_names.hpp).
bool may_hold_cookie(std::string_view part, std::string_view name) noexcept;

}  // namespace vestibule::http

// host[:port] as Host fields, absolute-form targets and X-Forwarded-Host carry it (RFC 3986 3.2).
#pragma once

#include <string_view>

namespace vestibule::http {

/// Whether `text` is a non-empty host (a name, an IPv4 address, or a bracketed IPv6 address), maybe with
/// a port of up to five digits and 65535. No user information.
bool valid_authority(std::string_view text) noexcept;

}  // namespace vestibule::http

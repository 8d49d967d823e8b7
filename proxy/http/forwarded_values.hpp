// What a trusted peer's forwarding fields say, where it makes sense.
#pragma once

#include <vestibule/http/head.hpp>

#include <string_view>

namespace vestibule::http {

bool is_forwarded_for(const field& f) noexcept;

/// The one X-Forwarded-Proto line, if every item is a scheme of HTTP or WebSocket; empty where there is
/// none, or several.
std::string_view forwarded_proto(const field_list& fields) noexcept;

/// Whether the first item, which is what the client used, is https or wss.
bool is_secure(std::string_view proto) noexcept;

/// The one X-Forwarded-Host line, if every item is host[:port]; else empty.
std::string_view forwarded_host(const field_list& fields) noexcept;

}  // namespace vestibule::http

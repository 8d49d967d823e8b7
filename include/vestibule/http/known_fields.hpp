// Field names to Beast's enumerators. A table of our own: the room needs no compiled part of Beast,
// and a name is told by its length, its last character and one comparison.
#pragma once

#include <vestibule/http/head.hpp>

#include <string_view>

namespace vestibule::http {

/// The enumerator of a field name (a token), or field::unknown. Knows the names of HTTP itself (RFC
/// 9110 to 9112, cookies, CORS, Fetch, WebSocket, WebDAV's verbs aside), not the mail and news fields
/// that Beast lists too.
field_id identify(std::string_view name) noexcept;

}  // namespace vestibule::http

// A response that sets a session cookie must not land in a shared cache.
#pragma once

#include <vestibule/http/head.hpp>

#include <string>

namespace vestibule::http {

/// Whether this field decides what shared caches do (Cache-Control, Surrogate-Control,
/// CDN-Cache-Control, Expires stays): dropped and replaced on responses with a session Set-Cookie.
bool is_shared_cache_field(const field& f) noexcept;

/// Appends the one Cache-Control line for such a response: the backend's directives without `public`,
/// `s-maxage` and `proxy-revalidate`, plus `private` unless `private` (without field list) or `no-store`
/// is there.
void append_private_cache_control(std::string& out, const field_list& fields);

}  // namespace vestibule::http

// The answers that vestibule gives itself: constant small bodies, never cacheable.
#pragma once

#include <string>
#include <string_view>

namespace vestibule::http {

/// Appends a whole response: status line, Date, Cache-Control: no-store, Content-Type, Content-Length,
/// `extra` (finished "Name: value\r\n" lines), Connection: close where `close`, and a body
/// {"error":"bad_gateway"} that depends on the status alone; below 400 it is empty. The body is left out
/// for HEAD; Content-Length stays.
void append_canned(std::string& out, unsigned status, std::string_view extra, bool close, bool head_request);

/// The reason phrase of RFC 9110, or "Unknown".
std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace vestibule::http

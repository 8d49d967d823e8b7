// Fields of an HTML form as it is sent: application/x-www-form-urlencoded (WHATWG URL standard, 5.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vestibule::http {

/// The value of the first field of that name, decoded. Nothing: there is none, or it is no UTF-8.
std::optional<std::string> form_value(std::string_view body, std::string_view name);

/// Whether a Content-Type field names this media type ("application/json"; parameters and case do not
/// count).
bool is_media_type(std::string_view content_type, std::string_view type) noexcept;

}  // namespace vestibule::http

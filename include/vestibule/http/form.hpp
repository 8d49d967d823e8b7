// Fields of an HTML form as it is sent: application/x-www-form-urlencoded (WHATWG URL standard, 5.1).
//
// Whoever reads a form beside the backend must read what the backend reads, or somebody logs in with one name
// and is taken for another. Backends differ: the first or the last of several counts, ';' separates or does
// not, blanks before a name, what follows a NUL or '[' in it, '.' and case matter or do not, '[' without an
// end is '_' or is not. So a value counts only where all of them find the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vestibule::http {

/// The value of the field of that name, decoded, in whatever charset. Nothing: there is none, or there is
/// more than one by any of the readings above.
std::optional<std::string> form_value(std::string_view body, std::string_view name);

/// Whether any reader could find a field of that name in a form or query.
bool form_mentions(std::string_view form, std::string_view name);

/// Whether a Content-Type field names this media type and nothing else ("application/json"; parameters and
/// case do not count). Nothing with a comma does.
bool is_media_type(std::string_view content_type, std::string_view type) noexcept;

/// Whether the parameters of a Content-Type name no charset, or UTF-8 or US-ASCII, to whoever reads them. In
/// others the very names of a form may be written in other bytes.
bool has_usual_charset(std::string_view content_type) noexcept;

}  // namespace vestibule::http

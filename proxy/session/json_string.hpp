// The content of JSON strings, between text and escapes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vestibule::session::json {

/// Takes the next piece off string content (what stands between the quotes): a run of plain bytes as it
/// stands, or one escape as UTF-8, written to `buffer`; a surrogate pair is one piece. A lone surrogate
/// becomes `lone`. `content` must not be empty.
std::string_view take_piece(std::string_view& content, std::span<char, 4> buffer,
                            std::string_view lone) noexcept;

/// All of it as UTF-8, with U+FFFD for a lone surrogate.
std::string unescaped(std::string_view content);

/// Whether string content means `text`, which is UTF-8. Nothing equals a lone surrogate.
bool means(std::string_view content, std::string_view text) noexcept;

/// Appends `text` as a JSON string with its quotes, escaped as JSON.stringify does.
void append_string(std::string& out, std::string_view text);

}  // namespace vestibule::session::json

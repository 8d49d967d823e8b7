// RFC 4648 encodings, one way only: the project never decodes what a client sends (a cookie
// signature is compared as text), except the few places that ask for decode explicitly.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace vestibule {

/// Standard alphabet (+ /) without padding, as cookie-signature writes it.
std::string base64_unpadded(std::span<const unsigned char> bytes);

/// Standard alphabet with padding: for `keygen`.
std::string base64_padded(std::span<const unsigned char> bytes);

/// URL-safe alphabet (- _) without padding.
std::string base64url(std::span<const unsigned char> bytes);

/// Strict decoding of base64url without padding; nothing for any other text, non-canonical spare
/// bits included.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace vestibule

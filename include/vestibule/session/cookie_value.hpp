// The signed cookie value of express-session:
//
//     s%3A 1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR . tKsUEW8QvUIfTqavSdT8z3PsNYW%2BemjlwLfMYz%2F5caQ
//     's:' sid                               '.' base64(HMAC-SHA256(secret, sid)) without '='
//
// percent-encoded as a whole by encodeURIComponent.
#pragma once

#include <vestibule/base/crypto.hpp>
#include <vestibule/base/error.hpp>
#include <vestibule/session/sid.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

/// base64 of an HMAC-SHA256, without padding.
using signature_text = std::array<char, 43>;

/// A cookie value taken apart; nothing says yet that it is genuine.
struct signed_value {
    sid_text sid;
    signature_text signature;
};

/// Takes a cookie value apart, as it stands in the Cookie header (quotes removed). Decoded once, and only if
/// it holds a '%'; a value with a broken escape, or whose escapes are no UTF-8, is taken as it stands. A
/// value longer than any valid one is refused unread. Allocates nothing.
/// Errors: malformed_cookie; bad_signature where it cannot be one.
result<signed_value> read_signed_value(std::string_view cookie_value) noexcept;

/// The configured secrets, ready to sign. Immutable, thread-safe.
class signer {
  public:
    /// At least one secret (else std::invalid_argument); the first signs, all verify.
    explicit signer(std::span<const std::string> secrets);

    struct verified {
        sid_text sid;
        std::size_t secret;  // index of the secret that signed it; not 0 means: sign again
    };

    /// Index of the secret that made this signature; size() where none did. The signature is compared as
    /// text, in constant time, against every secret.
    std::size_t signed_by(const signed_value& v) const noexcept;

    /// Both: read_signed_value() and signed_by(). Errors: malformed_cookie, bad_signature.
    result<verified> verify(std::string_view cookie_value) const;

    /// The cookie value for `sid`, percent-encoded, signed with the first secret.
    std::string sign(std::string_view sid) const;

    std::size_t size() const noexcept { return keys_.size(); }

  private:
    std::vector<hmac_key> keys_;
};

/// JavaScript's encodeURIComponent for UTF-8 text; other bytes are escaped one by one.
std::string encode_uri_component(std::string_view text);

}  // namespace vestibule::session

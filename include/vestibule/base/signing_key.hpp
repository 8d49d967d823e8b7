// Keys that sign what somebody else verifies, as JOSE has them: Ed25519 (RFC 8032, RFC 8037) and
// HMAC-SHA256 (RFC 7518, section 3.2), over OpenSSL's libcrypto.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule {

enum class signing_algorithm { eddsa, hs256 };

/// A key, loaded once. Immutable and thread-safe; copies share what is loaded, which is wiped with the last.
class signing_key {
  public:
    /// `secret`: the 32 bytes of an Ed25519 private key (RFC 8032, 5.1.5), or any bytes for hs256. Throws
    /// std::invalid_argument where it is no such key.
    signing_key(signing_algorithm a, std::string_view secret);

    /// JOSE's name: "EdDSA", "HS256".
    std::string_view algorithm() const noexcept;

    /// What a verifier finds the key by (kid): of Ed25519 the thumbprint of the public key (RFC 7638), of
    /// hs256 16 characters derived by HKDF, which tell nothing of a key that cannot be guessed.
    const std::string& id() const noexcept;

    /// The public JSON Web Key (RFC 7517); empty for hs256, which has none.
    const std::string& public_jwk() const noexcept;

    /// The signature's bytes: 64, or 32 for hs256. Throws std::runtime_error where memory is out.
    std::string sign(std::string_view message) const;

  private:
    struct loaded;
    std::shared_ptr<const loaded> loaded_;
};

/// The 32 bytes of the Ed25519 private key in a PEM text (PKCS#8, as "openssl genpkey -algorithm ed25519"
/// writes it). Nothing, with a `why` that shows nothing of the text, for anything else; never asks for a
/// password.
std::optional<std::string> read_ed25519_pem(std::string_view pem, std::string& why);

/// A JWS in compact form (RFC 7515, section 3.1): header and payload are the texts that are signed.
std::string compact_jws(const signing_key& key, std::string_view header, std::string_view payload);

}  // namespace vestibule

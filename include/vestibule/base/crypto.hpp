// HMAC-SHA256, HKDF, random bytes and constant-time comparison, over OpenSSL's libcrypto.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vestibule {

using sha256_digest = std::array<unsigned char, 32>;

/// An HMAC-SHA256 key whose inner and outer hash states are computed once (RFC 2104), so that
/// signing a session id costs two SHA-256 blocks. Immutable, thread-safe; the state is wiped on
/// destruction.
class hmac_key {
  public:
    /// `key` is used as it is, as raw bytes (UTF-8 of a text secret).
    explicit hmac_key(std::string_view key) noexcept;
    hmac_key(const hmac_key&) = default;
    hmac_key& operator=(const hmac_key&) = default;
    ~hmac_key();

    sha256_digest sign(std::string_view message) const noexcept;

  private:
    // Opaque SHA256_CTX storage, kept here so that the header needs no OpenSSL.
    struct alignas(8) sha_state {
        std::array<unsigned char, 112> bytes;
    };
    sha_state inner_;
    sha_state outer_;
};

/// SHA-1, which only answers the handshake of WebSockets (RFC 6455); no protection of anything.
std::array<unsigned char, 20> sha1(std::string_view text) noexcept;

/// HKDF-SHA256 (RFC 5869) with empty salt, 32 bytes out.
std::string hkdf_sha256(std::string_view key_material, std::string_view info);

/// Random bytes from the operating system. Never fails; a machine without them stops the program.
void random_bytes(std::span<unsigned char> out) noexcept;

/// Whether two texts are equal, in time that depends on their lengths only.
bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

/// Overwrites the text's bytes in a way that is not optimised away, then empties it.
void wipe(std::string& text) noexcept;

}  // namespace vestibule

// The low-level SHA-256 functions are deprecated in OpenSSL 3, yet they are the only ones whose state
// can be copied without an allocation: an HMAC here costs a quarter of what EVP_MAC takes.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <vestibule/base/crypto.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vestibule {
namespace {

constexpr std::size_t block_size = 64;

void start_state(SHA256_CTX& ctx, const std::array<unsigned char, block_size>& key, unsigned char pad) {
    std::array<unsigned char, block_size> block;
    for (std::size_t i = 0; i < block_size; ++i) block[i] = static_cast<unsigned char>(key[i] ^ pad);
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, block.data(), block.size());
    OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace

hmac_key::hmac_key(std::string_view key) noexcept {
    static_assert(sizeof(SHA256_CTX) <= sizeof(sha_state));
    std::array<unsigned char, block_size> padded{};
    if (key.size() > block_size) {
        SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), padded.data());
    } else if (!key.empty()) {
        std::memcpy(padded.data(), key.data(), key.size());
    }
    SHA256_CTX ctx;
    start_state(ctx, padded, 0x36);
    std::memcpy(inner_.bytes.data(), &ctx, sizeof ctx);
    start_state(ctx, padded, 0x5c);
    std::memcpy(outer_.bytes.data(), &ctx, sizeof ctx);
    OPENSSL_cleanse(&ctx, sizeof ctx);
    OPENSSL_cleanse(padded.data(), padded.size());
}

hmac_key::~hmac_key() {
    OPENSSL_cleanse(&inner_, sizeof inner_);
    OPENSSL_cleanse(&outer_, sizeof outer_);
}

sha256_digest hmac_key::sign(std::string_view message) const noexcept {
    SHA256_CTX ctx;
    sha256_digest digest;
    std::memcpy(&ctx, inner_.bytes.data(), sizeof ctx);
    SHA256_Update(&ctx, message.data(), message.size());
    SHA256_Final(digest.data(), &ctx);
    std::memcpy(&ctx, outer_.bytes.data(), sizeof ctx);
    SHA256_Update(&ctx, digest.data(), digest.size());
    SHA256_Final(digest.data(), &ctx);
    return digest;
}

std::array<unsigned char, 20> sha1(std::string_view text) noexcept {
    std::array<unsigned char, 20> digest;
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return digest;
}

std::string hkdf_sha256(std::string_view key_material, std::string_view info) {
    // Extract with the empty salt (a zero key), then the first block of expand: T(1) = HMAC(PRK, info | 1).
    const sha256_digest prk = hmac_key({}).sign(key_material);
    std::string message(info);
    message += '\x01';
    const sha256_digest okm = hmac_key({reinterpret_cast<const char*>(prk.data()), prk.size()}).sign(message);
    return {reinterpret_cast<const char*>(okm.data()), okm.size()};
}

void random_bytes(std::span<unsigned char> out) noexcept {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
        std::fputs("vestibule: the operating system gives no random bytes\n", stderr);
        std::abort();
    }
}

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& text) noexcept {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

}  // namespace vestibule

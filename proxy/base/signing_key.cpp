#include <vestibule/base/signing_key.hpp>

#include <vestibule/base/base64.hpp>
#include <vestibule/base/crypto.hpp>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <climits>
#include <span>
#include <stdexcept>

namespace vestibule {
namespace {

constexpr std::size_t ed25519_size = 32;  // of a private and of a public key
constexpr std::size_t ed25519_signature_size = 64;

struct free_openssl {
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(EVP_MD_CTX* p) const noexcept { EVP_MD_CTX_free(p); }
    void operator()(BIO* p) const noexcept { BIO_free(p); }
};
using pkey_ptr = std::unique_ptr<EVP_PKEY, free_openssl>;

std::span<const unsigned char> bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// Nobody sits at the terminal of a proxy; that a password is needed is noted.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

}  // namespace

struct signing_key::loaded {
    signing_algorithm algorithm;
    pkey_ptr ed25519;
    std::optional<hmac_key> hmac;
    std::string id, jwk;
};

signing_key::signing_key(signing_algorithm a, std::string_view secret) {
    auto key = std::make_shared<loaded>();
    key->algorithm = a;
    if (a == signing_algorithm::hs256) {
        key->hmac.emplace(secret);
        key->id = base64url(bytes_of(hkdf_sha256(secret, "vestibule: id of a signing key")).first(12));
        loaded_ = std::move(key);
        return;
    }
    std::array<unsigned char, ed25519_size> x;
    std::size_t size = x.size();
    if (secret.size() == ed25519_size)
        key->ed25519.reset(
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(secret).data(), secret.size()));
    if (!key->ed25519 || EVP_PKEY_get_raw_public_key(key->ed25519.get(), x.data(), &size) != 1)
        throw std::invalid_argument("no Ed25519 private key");
    // RFC 7638: the required members alone, in this order, without space (RFC 8037, section 2).
    const std::string members = R"("crv":"Ed25519","kty":"OKP","x":")" + base64url(x) + '"';
    const std::string canonical = '{' + members + '}';
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
    SHA256(bytes_of(canonical).data(), canonical.size(), digest.data());
    key->id = base64url(digest);
    key->jwk = '{' + members + R"(,"kid":")" + key->id + R"(","alg":"EdDSA","use":"sig"})";
    loaded_ = std::move(key);
}

std::string_view signing_key::algorithm() const noexcept {
    return loaded_->algorithm == signing_algorithm::eddsa ? "EdDSA" : "HS256";
}

const std::string& signing_key::id() const noexcept {
    return loaded_->id;
}

const std::string& signing_key::public_jwk() const noexcept {
    return loaded_->jwk;
}

std::string signing_key::sign(std::string_view message) const {
    if (loaded_->hmac) {
        const sha256_digest digest = loaded_->hmac->sign(message);
        return {reinterpret_cast<const char*>(digest.data()), digest.size()};
    }
    std::string signature(ed25519_signature_size, '\0');
    std::size_t size = signature.size();
    const std::unique_ptr<EVP_MD_CTX, free_openssl> context(EVP_MD_CTX_new());
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, loaded_->ed25519.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       bytes_of(message).data(), message.size()) != 1) {
        ERR_clear_error();
        throw std::runtime_error("cannot sign");
    }
    return signature;
}

std::optional<std::string> read_ed25519_pem(std::string_view pem, std::string& why) {
    bool asked = false;
    pkey_ptr key;
    if (pem.size() <= INT_MAX) {
        const std::unique_ptr<BIO, free_openssl> in(
            BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
        if (in) key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, &asked));
    }
    ERR_clear_error();
    std::string secret(ed25519_size, '\0');
    std::size_t size = secret.size();
    if (asked) {
        why = "is encrypted";
    } else if (!key) {
        why = "holds no private key";
    } else if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        why = "holds a key of another kind than Ed25519";
    } else if (EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(secret.data()),
                                            &size) == 1) {
        return secret;
    } else {
        why = "holds no private key";
    }
    return std::nullopt;
}

std::string compact_jws(const signing_key& key, std::string_view header, std::string_view payload) {
    std::string out = base64url(bytes_of(header));
    out += '.';
    out += base64url(bytes_of(payload));
    const std::string signature = key.sign(out);
    out += '.';
    out += base64url(bytes_of(signature));
    return out;
}

}  // namespace vestibule

#include <vestibule/base/base64.hpp>
#include <vestibule/base/signing_key.hpp>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vestibule {
namespace {

std::string decoded(std::string_view text) {
    return base64url_decode(text).value();
}

// RFC 8037, appendix A.1.
const std::string rfc_d = decoded("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
constexpr std::string_view rfc_x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

// With OpenSSL's verify, from the public key alone.
bool verifies(std::string_view x, std::string_view message, std::string_view signature) {
    const std::string point = decoded(x);
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(point), point.size());
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const bool good =
        EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
        EVP_DigestVerify(context, bytes(signature), signature.size(), bytes(message), message.size()) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

// A private key of that kind as PKCS#8 PEM; with a password, encrypted.
std::string pem_of(int kind, const char* password = nullptr) {
    EVP_PKEY* key = nullptr;
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(kind, nullptr);
    EVP_PKEY_keygen_init(context);
    EVP_PKEY_keygen(context, &key);
    EVP_PKEY_CTX_free(context);
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(out, key, password ? EVP_aes_256_cbc() : nullptr, password,
                                  password ? static_cast<int>(std::string_view(password).size()) : 0, nullptr,
                                  nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string pem(text, static_cast<std::size_t>(size));
    BIO_free(out);
    EVP_PKEY_free(key);
    return pem;
}

TEST(signing_key, rfc_8037_key_and_thumbprint) {
    const signing_key key(signing_algorithm::eddsa, rfc_d);
    EXPECT_EQ(key.algorithm(), "EdDSA");
    EXPECT_EQ(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    EXPECT_EQ(key.public_jwk(),
              R"({"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",)"
              R"("kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","alg":"EdDSA","use":"sig"})");
}

TEST(compact_jws, rfc_8037_vector) {
    const signing_key key(signing_algorithm::eddsa, rfc_d);
    const std::string jws = compact_jws(key, R"({"alg":"EdDSA"})", "Example of Ed25519 signing");
    EXPECT_EQ(jws,
              "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
              "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    const auto dot = jws.rfind('.');
    const std::string signature = decoded(jws.substr(dot + 1));
    EXPECT_TRUE(verifies(rfc_x, jws.substr(0, dot), signature));
    EXPECT_FALSE(verifies(rfc_x, jws.substr(0, dot) + "x", signature));
}

TEST(compact_jws, rfc_7515_vector) {
    const signing_key key(
        signing_algorithm::hs256,
        decoded("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"));
    EXPECT_EQ(compact_jws(key, "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
                          "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                          "\"http://example.com/is_root\":true}"),
              "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0"
              "dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    EXPECT_EQ(key.algorithm(), "HS256");
    EXPECT_EQ(key.public_jwk(), "");
    EXPECT_EQ(key.id().size(), 16u);
}

TEST(signing_key, ids_differ_by_key_and_stay) {
    const auto id = [](const char* secret) { return signing_key(signing_algorithm::hs256, secret).id(); };
    EXPECT_EQ(id("one"), id("one"));
    EXPECT_NE(id("one"), id("two"));
}

TEST(signing_key, refuses_what_is_no_key) {
    for (const std::size_t size : {0, 31, 33, 64})
        EXPECT_THROW(signing_key(signing_algorithm::eddsa, std::string(size, 'k')), std::invalid_argument)
            << size;
}

TEST(signing_key, signs_on_many_threads) {
    const signing_key key(signing_algorithm::eddsa, rfc_d);
    const std::string expected = key.sign("message");  // Ed25519 is deterministic
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([key, &expected] {
            for (int n = 0; n < 50; ++n) EXPECT_EQ(key.sign("message"), expected);
        });
    for (auto& t : threads) t.join();
}

TEST(read_ed25519_pem, reads_what_openssl_writes) {
    const std::string pem = pem_of(EVP_PKEY_ED25519);
    std::string why;
    const auto secret = read_ed25519_pem(pem, why);
    ASSERT_TRUE(secret) << why;
    EXPECT_EQ(secret->size(), 32u);
    EXPECT_EQ(read_ed25519_pem("\n" + pem + "\nsome remark\n", why), secret);
    // "openssl genpkey -algorithm ed25519"
    EXPECT_EQ(read_ed25519_pem("-----BEGIN PRIVATE KEY-----\n"
                               "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                               "-----END PRIVATE KEY-----",
                               why),
              rfc_d);
}

TEST(read_ed25519_pem, says_what_is_wrong) {
    const std::string good = pem_of(EVP_PKEY_ED25519);
    const struct {
        std::string pem, why;
    } test_cases[] = {
        {"", "holds no private key"},
        {"-----BEGIN PRIVATE KEY-----\n", "holds no private key"},
        {good.substr(0, good.size() / 2), "holds no private key"},
        {"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
         "-----END PUBLIC KEY-----\n",
         "holds no private key"},
        {pem_of(EVP_PKEY_X25519), "holds a key of another kind than Ed25519"},
        {pem_of(EVP_PKEY_ED448), "holds a key of another kind than Ed25519"},
        {pem_of(EVP_PKEY_ED25519, "password"), "is encrypted"},
    };
    for (const auto& t : test_cases) {
        std::string why;
        EXPECT_EQ(read_ed25519_pem(t.pem, why), std::nullopt) << t.pem;
        EXPECT_EQ(why, t.why) << t.pem;
    }
}

}  // namespace
}  // namespace vestibule

#include <vestibule/base/base64.hpp>
#include <vestibule/base/crypto.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace vestibule {
namespace {

std::string hex(std::span<const unsigned char> bytes) {
    std::string out;
    for (const unsigned char b : bytes) {
        out += "0123456789abcdef"[b >> 4];
        out += "0123456789abcdef"[b & 15];
    }
    return out;
}

std::span<const unsigned char> bytes_of(std::string_view s) {
    return {reinterpret_cast<const unsigned char*>(s.data()), s.size()};
}

// RFC 4231, test cases 1, 2, 6 (a key longer than a block) and the empty key.
TEST(hmac_key, rfc_4231_vectors) {
    const struct {
        std::string key, message, digest;
    } test_cases[] = {
        {std::string(20, '\x0b'), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (const auto& t : test_cases) EXPECT_EQ(hex(hmac_key(t.key).sign(t.message)), t.digest) << t.message;
}

TEST(hmac_key, copies_sign_alike) {
    const hmac_key a("secret");
    hmac_key b("other");
    b = a;
    EXPECT_EQ(a.sign("x"), b.sign("x"));
    EXPECT_NE(a.sign("x"), hmac_key("other").sign("x"));
}

// RFC 5869, test case 3: no salt, no info (its first 32 bytes).
TEST(hkdf, rfc_5869_vector) {
    EXPECT_EQ(hex(bytes_of(hkdf_sha256(std::string(22, '\x0b'), ""))),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(random_bytes, differ) {
    std::array<unsigned char, 24> a{}, b{};
    random_bytes(a);
    random_bytes(b);
    EXPECT_NE(a, b);
}

TEST(constant_time_equal, table) {
    EXPECT_TRUE(constant_time_equal("", ""));
    EXPECT_TRUE(constant_time_equal("abc", "abc"));
    EXPECT_FALSE(constant_time_equal("abc", "abd"));
    EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

TEST(wipe, empties) {
    std::string s = "secret";
    wipe(s);
    EXPECT_TRUE(s.empty());
}

TEST(base64, forms) {
    const struct {
        std::string bytes, standard, padded, url;
    } test_cases[] = {
        {"", "", "", ""},
        {"f", "Zg", "Zg==", "Zg"},
        {"fo", "Zm8", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v", "Zm9v"},
        {"\xfb\xff\xfe", "+//+", "+//+", "-__-"},
    };
    for (const auto& t : test_cases) {
        EXPECT_EQ(base64_unpadded(bytes_of(t.bytes)), t.standard);
        EXPECT_EQ(base64_padded(bytes_of(t.bytes)), t.padded);
        EXPECT_EQ(base64url(bytes_of(t.bytes)), t.url);
        EXPECT_EQ(base64url_decode(t.url), t.bytes);
    }
}

TEST(base64url_decode, refuses_everything_else) {
    for (const char* bad : {"Zg==", "Z", "Zh", "+//+", "Zm 8", "Zm8\n", "Zm9v="})
        EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace vestibule

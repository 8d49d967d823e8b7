#include <vestibule/session/cookie_value.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

namespace vestibule::session {
namespace {

const std::string long_sid = "1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR";
const std::string e_acute = "\xC3\xA9";
const std::string check_mark = "\xE2\x9C\x93";

signer signer_of(std::vector<std::string> secrets) {
    return signer(secrets);
}

// Every byte as an escape.
std::string all_escaped(std::string_view text) {
    std::string out;
    for (const unsigned char c : text) {
        char escape[4];
        std::snprintf(escape, sizeof escape, "%%%02x", c);
        out += escape;
    }
    return out;
}

struct vector_case {
    std::string sid, secret;
    std::string signature;  // base64 without padding
};

const vector_case vectors[] = {
    {long_sid, "keyboard cat", "tKsUEW8QvUIfTqavSdT8z3PsNYW+emjlwLfMYz/5caQ"},
    {"NBKN21DeThsOPVIKvTbXJhmlaFbw6fd7", "keyboard cat", "uLwHMnOy6dFsTobCd9fPbhUZSP6lmPa4v2BQpsc9AbU"},
    {"a.b:c/" + e_acute + check_mark, "keyboard cat", "MqcXpZJsUSFQ0ZKm82a6YgBLmZ1SycW8pB+kW61rtXk"},
    {long_sid, "geh\xC3\xB6im", "gKaEz0+7EYGoKS9EmXic9SpeD/LZ2Dnj+WT9tYQ5Flk"},
    {"apple", "keyboard cat", "D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU"},
    {"%", "keyboard cat", "kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa/OTZ01g"},
    {"/foo", "keyboard cat", "paEKBtAHbV5s1IB8B2zPnzAgYmmnRPIqObW4VRYj/MQ"},
    {"hello", "tobiiscool", "DGDUkGlIkCzPz+C0B064FNgHdEjox7ch8tOBGslZ5QI"},
    {"hello", "\xA0\xAB\xBC\x0C", "hIvljrKw5oOZtHHSq5u+MlL27cgnPKX77y7F+x5r1to"},
    {"a.b.c", "keyboard cat", "G8ReS2HiYVtvMBGFvZUGp5RaCauWFLUTjnnTm/EQ2aE"},
    {e_acute, "keyboard cat", "IJHQiGrJN1r6CT8N7exFS1utW6xz39cpVto0zc447p0"},
    {"apple", "nyan cat", "983qzGg26N4vCfnfyQ+05fJvRk8RzL8gdNJg11RbHNs"},
    {"apple", "cl\xC3\xA9 secr\xC3\xA8te", "/E9Kai7Z/FksGgXLP1y29p/8R+D3zar7tG8NjBPbOfI"},
};

TEST(cookie_value, vectors_in_every_spelling) {
    for (const auto& [sid, secret, signature] : vectors) {
        SCOPED_TRACE(sid + " signed with " + secret);
        const signer s = signer_of({secret});
        const std::string plain = "s:" + sid + "." + signature;
        EXPECT_EQ(s.sign(sid), encode_uri_component(plain));

        for (const std::string& spelling : {s.sign(sid), plain, all_escaped(plain)}) {
            const auto v = s.verify(spelling);
            ASSERT_TRUE(v) << spelling;
            EXPECT_EQ(v->sid, sid);
            EXPECT_EQ(v->secret, 0u);
        }
        EXPECT_EQ(signer_of({"another secret"}).verify(plain).error(), errc::bad_signature);
    }
}

TEST(cookie_value, texts_as_captured) {
    const signer s = signer_of({"keyboard cat"});
    EXPECT_EQ(s.sign(long_sid),
              "s%3A1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR.tKsUEW8QvUIfTqavSdT8z3PsNYW%2BemjlwLfMYz%2F5caQ");
    EXPECT_EQ(s.sign(vectors[2].sid),
              "s%3Aa.b%3Ac%2F%C3%A9%E2%9C%93.MqcXpZJsUSFQ0ZKm82a6YgBLmZ1SycW8pB%2BkW61rtXk");
    EXPECT_EQ(s.sign("apple"), "s%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW%2Bj7bUnP%2F5m6%2FOn1MCU");
    EXPECT_EQ(s.sign("%"), "s%3A%25.kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa%2FOTZ01g");
    EXPECT_EQ(s.sign("/foo"), "s%3A%2Ffoo.paEKBtAHbV5s1IB8B2zPnzAgYmmnRPIqObW4VRYj%2FMQ");
}

struct accepted_case {
    const char* name;
    std::string value, sid;
};

TEST(cookie_value, accepted) {
    const std::string signature = "D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU";
    const accepted_case cases[] = {
        {"lower-case escapes", "s%3aapple.D8Y%2bpkTAmeR0PobOhY4G97PRW%2bj7bUnP%2f5m6%2fOn1MCU", "apple"},
        {"raw plus and slash, no escape", "s:apple." + signature, "apple"},
        {"raw plus is a plus beside an escape", "s%3Aapple." + signature, "apple"},
        {"escaped letters", "%73:%61pple%2E" + signature, "apple"},
        {"a broken escape: taken as it stands", "s:%.kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa/OTZ01g", "%"},
    };
    const signer s = signer_of({"keyboard cat"});
    for (const auto& [name, value, sid] : cases) {
        SCOPED_TRACE(name);
        const auto v = s.verify(value);
        ASSERT_TRUE(v);
        EXPECT_EQ(v->sid, sid);
    }
}

// The value with everything unescaped, as raw text.
std::string raw_value(const signer& s, const std::string& sid) {
    const std::string other = s.sign(sid);
    std::string signature = other.substr(other.rfind('.') + 1);
    for (const auto& [escape, plain] : {std::pair{"%2B", "+"}, std::pair{"%2F", "/"}}) {
        for (auto at = signature.find(escape); at != signature.npos; at = signature.find(escape)) {
            signature.replace(at, 3, plain);
        }
    }
    return "s:" + sid + "." + signature;
}

TEST(cookie_value, an_escape_that_is_no_utf8_is_taken_as_it_stands) {
    const signer s = signer_of({"keyboard cat"});
    for (const std::string sid :
         {"%FF", "%C3", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "%41%80", "100%", "%2", "%zz"}) {
        SCOPED_TRACE(sid);
        const auto v = s.verify(raw_value(s, sid));
        ASSERT_TRUE(v);
        EXPECT_EQ(v->sid, sid);
    }
    const auto decoded = s.verify(raw_value(s, "A"));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(s.verify(raw_value(s, "%41")).error(), errc::bad_signature) << "that sid is spelled %2541";
}

struct refused_case {
    const char* name;
    std::string value;
    errc why;
};

TEST(cookie_value, refused) {
    const std::string good = "s:apple.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU";
    const std::string unsafe = "s:apple.D8Y-pkTAmeR0PobOhY4G97PRW-j7bUnP_5m6_On1MCU";
    // The last character holds four bits of signature and two spare ones.
    const std::string spare_bits = good.substr(0, good.size() - 1) + 'V';
    const refused_case cases[] = {
        {"empty", "", errc::malformed_cookie},
        {"marker alone", "s:", errc::malformed_cookie},
        {"no dot", "s:apple", errc::malformed_cookie},
        {"no sid", "s:.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU", errc::malformed_cookie},
        {"nothing but a dot", "s:.", errc::malformed_cookie},
        {"no marker", good.substr(2), errc::malformed_cookie},
        {"another marker", "j" + good.substr(1), errc::malformed_cookie},
        {"capital marker", "S" + good.substr(1), errc::malformed_cookie},
        {"quotes", '"' + good + '"', errc::malformed_cookie},
        {"space before", " " + good, errc::malformed_cookie},
        {"escaped twice", encode_uri_component(encode_uri_component(good)), errc::malformed_cookie},
        {"double escape of the colon", "s%253Aapple." + good.substr(8), errc::malformed_cookie},
        {"a NUL in the sid", "s:app%00le." + good.substr(8), errc::malformed_cookie},
        {"a line feed in the sid", "s:app%0Ale." + good.substr(8), errc::malformed_cookie},
        {"no signature", "s:apple.", errc::bad_signature},
        {"padding", good + "=", errc::bad_signature},
        {"escaped padding", encode_uri_component(good + "="), errc::bad_signature},
        {"base64url", unsafe, errc::bad_signature},
        {"other spare bits", spare_bits, errc::bad_signature},
        {"something behind", good + "x", errc::bad_signature},
        {"space behind", good + " ", errc::bad_signature},
        {"one more part", good + ".x", errc::bad_signature},
        {"cut short", good.substr(0, good.size() - 1), errc::bad_signature},
        {"another sid", "s:bpple" + good.substr(7), errc::bad_signature},
        {"sid in capitals", "s:APPLE" + good.substr(7), errc::bad_signature},
        {"broken escape behind", encode_uri_component(good) + "%", errc::malformed_cookie},
        {"8 KiB", "s:" + std::string(8192, 'a') + good.substr(7), errc::malformed_cookie},
    };
    const signer s = signer_of({"keyboard cat"});
    ASSERT_TRUE(s.verify(good));
    for (const auto& [name, value, why] : cases) {
        SCOPED_TRACE(name);
        EXPECT_EQ(s.verify(value).error(), why);
    }
}

TEST(cookie_value, the_last_character_of_a_signature_has_no_second_spelling) {
    const signer s = signer_of({"keyboard cat"});
    std::string value = raw_value(s, "apple");
    int accepted = 0;
    for (const char c :
         std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
        value.back() = c;
        accepted += s.verify(value).has_value() ? 1 : 0;
    }
    EXPECT_EQ(accepted, 1);
}

TEST(cookie_value, a_valid_signature_does_not_excuse_a_bad_sid) {
    const signer s = signer_of({"keyboard cat"});
    for (const std::string& sid :
         {std::string("a\0b", 3), std::string("a\nb"), std::string("\x7F"), std::string("\xC2\x85"),
          std::string("\xFF"), std::string(257, 'a'), std::string()}) {
        EXPECT_EQ(s.verify(s.sign(sid)).error(), errc::malformed_cookie) << testing::PrintToString(sid);
    }
}

TEST(cookie_value, the_longest_sid_fully_escaped) {
    const signer s = signer_of({"keyboard cat"});
    const std::string sid(256, 'x');
    const std::string value = all_escaped(raw_value(s, sid));
    const auto v = s.verify(value);
    ASSERT_TRUE(v);
    EXPECT_EQ(v->sid, sid);
    EXPECT_EQ(s.verify(value + "%").error(), errc::malformed_cookie);
}

TEST(cookie_value, rotation) {
    const signer old = signer_of({"old"});
    const signer both = signer_of({"new", "old", "older"});
    const auto v = both.verify(old.sign("apple"));
    ASSERT_TRUE(v);
    EXPECT_EQ(v->secret, 1u);
    EXPECT_EQ(both.verify(signer_of({"older"}).sign("apple"))->secret, 2u);
    EXPECT_EQ(both.verify(both.sign("apple"))->secret, 0u);
    EXPECT_EQ(both.sign("apple"), signer_of({"new"}).sign("apple"));
    EXPECT_EQ(old.verify(both.sign("apple")).error(), errc::bad_signature);
    EXPECT_EQ(signer_of({"same", "same"}).verify(signer_of({"same"}).sign("apple"))->secret, 0u)
        << "of equal secrets the first counts, or it would be signed again for ever";
}

TEST(cookie_value, a_signer_needs_a_secret) {
    EXPECT_THROW(signer_of({}), std::invalid_argument);
}

TEST(encode_uri_component, keeps_what_javascript_keeps) {
    EXPECT_EQ(encode_uri_component("AZaz09-_.!~*'()"), "AZaz09-_.!~*'()");
    EXPECT_EQ(encode_uri_component(" +/:=&?#%\"\\;,@$"), "%20%2B%2F%3A%3D%26%3F%23%25%22%5C%3B%2C%40%24");
    EXPECT_EQ(encode_uri_component(e_acute + check_mark + std::string("\0\r\n", 3)),
              "%C3%A9%E2%9C%93%00%0D%0A");
    EXPECT_EQ(encode_uri_component(""), "");
}

}  // namespace
}  // namespace vestibule::session

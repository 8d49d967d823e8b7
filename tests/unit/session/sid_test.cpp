#include <vestibule/session/sid.hpp>

#include <vestibule/base/base64.hpp>

#include <gtest/gtest.h>

#include <set>

namespace vestibule::session {
namespace {

constexpr std::string_view base64url_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

unix_time at_second(std::int64_t s) {
    return unix_time(seconds(s));
}

TEST(sid, fresh_ones_are_32_random_base64url_characters) {
    std::set<std::string> seen;
    std::set<char> characters;
    for (int i = 0; i < 1000; ++i) {
        const std::string sid = make_sid();
        EXPECT_EQ(sid.size(), 32u);
        EXPECT_EQ(sid.find_first_not_of(base64url_characters), sid.npos);
        EXPECT_TRUE(acceptable_sid(sid));
        EXPECT_FALSE(anonymous_issue_time(sid));
        characters.insert(sid.begin(), sid.end());
        seen.insert(sid);
    }
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_EQ(characters.size(), 64u);
}

TEST(sid, an_anonymous_one_carries_its_time_of_issue) {
    for (const std::int64_t second : {0LL, 1LL, 1785000000LL, 2147483648LL, 4294967295LL}) {
        const std::string sid = make_anonymous_sid(at_second(second) + milliseconds(999));
        EXPECT_EQ(sid.size(), 37u);
        EXPECT_TRUE(acceptable_sid(sid));
        ASSERT_TRUE(anonymous_issue_time(sid)) << sid;
        EXPECT_EQ(*anonymous_issue_time(sid), at_second(second));
    }
    EXPECT_NE(make_anonymous_sid(at_second(5)), make_anonymous_sid(at_second(5)));
    EXPECT_EQ(anonymous_issue_time(make_anonymous_sid(at_second(4294967296))), at_second(4294967295));
    EXPECT_EQ(anonymous_issue_time(make_anonymous_sid(at_second(-1))), at_second(0));
}

TEST(sid, the_anonymous_layout) {
    const std::string sid = make_anonymous_sid(at_second(0x01020304));
    ASSERT_TRUE(sid.starts_with("anon-"));
    const auto bytes = base64url_decode(sid.substr(5));
    ASSERT_TRUE(bytes);
    ASSERT_EQ(bytes->size(), 24u);
    EXPECT_EQ(bytes->substr(0, 4), "\x01\x02\x03\x04");
}

TEST(sid, what_is_no_anonymous_sid) {
    const std::string good = make_anonymous_sid(at_second(1785000000));
    ASSERT_TRUE(anonymous_issue_time(good));
    std::string plus = good, unicode = good, nul = good;
    plus.back() = '+';
    unicode.replace(10, 2, "\xC3\xA9");
    nul.back() = '\0';
    for (const std::string& sid : {std::string(), std::string("anon-"), good.substr(5), good + "A",
                                   good.substr(0, 36), "Anon-" + good.substr(5), "anon_" + good.substr(5),
                                   plus, unicode, nul, " " + good.substr(1), good.substr(0, 36) + "="}) {
        EXPECT_FALSE(anonymous_issue_time(sid)) << testing::PrintToString(sid);
    }
}

TEST(sid, acceptable) {
    for (const std::string& sid :
         {std::string("a"), std::string("%"), std::string("/foo"), std::string("a b.c*?"),
          std::string(256, 'x'), std::string("\xC3\xA9\xE2\x9C\x93"), std::string("\xC2\xA0"),
          std::string("\xF0\x9F\x98\x80"), std::string("\xEF\xBF\xBD")}) {
        EXPECT_TRUE(acceptable_sid(sid)) << testing::PrintToString(sid);
    }
    for (const std::string& sid :
         {std::string(), std::string(257, 'x'), std::string("a\0b", 3), std::string("\t"),
          std::string("a\r\nb"), std::string("\x1F"), std::string("\x7F"), std::string("\xC2\x80"),
          std::string("a\xC2\x9F"), std::string("\xC2"), std::string("\x80"), std::string("\xC0\x80"),
          std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"), std::string("a\xFF")}) {
        EXPECT_FALSE(acceptable_sid(sid)) << testing::PrintToString(sid);
    }
}

TEST(handle, is_a_short_keyed_name) {
    const handle_maker maker("keyboard cat");
    const std::string handle = maker("1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR");
    EXPECT_EQ(handle.size(), 22u);
    EXPECT_EQ(handle.find_first_not_of(base64url_characters), handle.npos);
    EXPECT_EQ(handle, "xjJpRIUyC32IsUKCJPt0hl") << "handles are kept in logs: they must not change";
    EXPECT_EQ(handle, handle_maker("keyboard cat")("1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR"));
    EXPECT_NE(handle, maker("1IkAcU7VcN1Zbn703u8WMj_Y9uE-athS"));
    EXPECT_NE(handle, handle_maker("other")("1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR"));
}

}  // namespace
}  // namespace vestibule::session

#include <vestibule/http/field_names.hpp>

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace vestibule::http {
namespace {

TEST(equivalent_names, table) {
    const struct {
        std::string_view a, b;
        bool same;
    } cases[] = {
        {"X-Session-User", "X-Session-User", true},
        {"X-Session-User", "x-session-USER", true},
        {"X-Session-User", "X_Session.User", true},
        {"X-Session-User", "x~session!user", true},
        {"X-Session-User", "X|Session`User", true},
        {"X-Session-User", "X-Session-Use", false},
        {"X-Session-User", "X-Session-User-", false},
        {"X-Session-User", "XSession-User", false},
        {"X-Session-User", "X--Session-User", false},
        {"X-Session-User", "X9Session-User", false},
        {"X-Session-1", "X-Session-2", false},
        {"", "", true},
        {"", "-", false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.b);
        EXPECT_EQ(equivalent_names(c.a, c.b), c.same);
        EXPECT_EQ(equivalent_names(c.b, c.a), c.same);
    }
}

TEST(equivalent_names, is_the_rule_for_every_pair_of_bytes) {
    const auto environment = [](int c) { return std::isalnum(c) && c < 128 ? std::toupper(c) : '_'; };
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const char x = static_cast<char>(a), y = static_cast<char>(b);
            EXPECT_EQ(equivalent_names({&x, 1}, {&y, 1}), environment(a) == environment(b)) << a << ' ' << b;
        }
    }
}

TEST(name_set, finds_by_equivalence) {
    const std::string names[] = {"X-Session-User", "X_Session.Id", "A", std::string(70, 'l'), "X-Trailing-"};
    const name_set set(names);
    EXPECT_FALSE(set.empty());
    for (const std::string& hit :
         {std::string("x_session_user"), std::string("X-Session-User"), std::string("x-session-id"),
          std::string("X.SESSION_ID"), std::string("a"), std::string(70, 'L'), std::string("x_trailing!")}) {
        EXPECT_TRUE(set.contains(hit)) << hit;
    }
    for (const std::string& miss :
         {std::string(""), std::string("b"), std::string("-"), std::string("x-session-use"),
          std::string("x-session-xser"), std::string("x-session-if"), std::string(69, 'l'),
          std::string(71, 'l'), std::string("Host"), std::string("x-trailing1")}) {
        EXPECT_FALSE(set.contains(miss)) << miss;
    }
}

TEST(name_set, empty) {
    const name_set set;
    EXPECT_TRUE(set.empty());
    EXPECT_FALSE(set.contains(""));
    EXPECT_FALSE(set.contains("Host"));
    const std::string nothing[] = {""};
    EXPECT_FALSE(name_set(nothing).contains(""));
}

}  // namespace
}  // namespace vestibule::http

#include "server/capture.hpp"

#include <gtest/gtest.h>

namespace vestibule::server {
namespace {

using session::ending;

struct controlled {
    session::session_changes changes;
    std::optional<std::string_view> wrong;
};

controlled control(const std::string& fields, std::vector<std::string> allow = {}) {
    http::response_head answer;
    static std::string text;
    text = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    EXPECT_FALSE(http::parse_response_head(text, answer));
    controlled c;
    c.wrong = append_control(c.changes, {.enabled = true, .allow = std::move(allow)}, answer.fields);
    return c;
}

TEST(backend_control, says_what_to_do) {
    EXPECT_EQ(control("X-Session-Patch: {\"cart\":1}\r\n").changes.merge_patch, "{\"cart\":1}");
    EXPECT_TRUE(control("x-session-regenerate: true\r\n").changes.regenerate);
    EXPECT_EQ(control("X-Session-Destroy: true\r\n").changes.end, ending::one);
    EXPECT_EQ(control("X-Session-Destroy: ALL\r\n").changes.end, ending::all);
    for (const char* nothing : {"X-Session-Regenerate: false\r\n", "X-Session-Destroy: 0\r\n"}) {
        EXPECT_FALSE(control(nothing).changes.any());
        EXPECT_FALSE(control(nothing).wrong);
    }
}

TEST(backend_control, what_is_wrong_keeps_nothing_else_from_being_done) {
    const std::string twice = "X-Session-Patch: {\"a\":1}\r\nX-Session-Patch: {\"a\":2}\r\n";
    for (const std::string& fields : {twice + "X-Session-Destroy: true\r\nX-Session-Regenerate: true\r\n",
                                      "X-Session-Destroy: true\r\nX-Session-Regenerate: true\r\n" + twice}) {
        const auto c = control(fields);
        EXPECT_EQ(c.wrong, "there are several patches");
        EXPECT_EQ(c.changes.end, ending::one);
        EXPECT_TRUE(c.changes.regenerate);
        EXPECT_EQ(c.changes.merge_patch, "");
    }
}

TEST(backend_control, what_is_bad_changes_nothing_and_is_told) {
    for (const char* bad :
         {"X-Session-Patch: {\r\n", "X-Session-Patch: []\r\n", "X-Session-Patch: {\"cookie\":1}\r\n",
          "X-Session-Patch: {}\r\nX-Session-Patch: {}\r\n", "X-Session-Destroy: maybe\r\n",
          "X-Session-Regenerate: yes\r\n"}) {
        const auto c = control(bad);
        EXPECT_TRUE(c.wrong) << bad;
        EXPECT_FALSE(c.changes.any()) << bad;
    }
    EXPECT_TRUE(control("X-Session-Patch: {\"user\":1}\r\n", {"cart"}).wrong);
    EXPECT_FALSE(control("X-Session-Patch: {\"cart\":1}\r\n", {"cart"}).wrong);
}

}  // namespace
}  // namespace vestibule::server

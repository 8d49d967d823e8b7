#include "app/session_text.hpp"
#include "app/sessions.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace vestibule::app {
namespace {

using session::session_summary;

TEST(printable, controls_no_terminal) {
    struct {
        std::string text;
        std::size_t width;
        std::string shown;
    } cases[] = {
        {"alice", 0, "alice"},
        {"alice", 5, "alice"},
        {"alicex", 5, "al..."},
        {"J\xC3\xBCrgen", 6, "J\xC3\xBCrgen"},
        {"J\xC3\xBCrgen!", 6, "J\xC3\xBCr..."},
        {"a\x1B[31mb\r\n\t", 0, "a?[31mb???"},
        {"\x7F\xC2\x9B\xFF\xC3", 0, "????"},
        {"\xE2\x80\xAEtxt.exe", 0, "?txt.exe"},
        {"", 5, ""},
    };
    for (const auto& c : cases) EXPECT_EQ(printable(c.text, c.width), c.shown);
}

TEST(short_duration, has_two_units) {
    struct {
        std::int64_t ms;
        const char* shown;
    } cases[] = {{0, "0s"},
                 {1, "1s"},
                 {59'000, "59s"},
                 {59'001, "1m00s"},
                 {307'000, "5m07s"},
                 {11'100'000, "3h05m"},
                 {86'399'000, "23h59m"},
                 {183'600'000, "2d03h"}};
    for (const auto& c : cases) EXPECT_EQ(short_duration(milliseconds(c.ms)), c.shown);
}

TEST(table, fits_a_terminal) {
    std::vector<session_summary> sessions{
        {.handle = "abcdefghijklmnopqrstuv", .user = "alice", .ttl = seconds(307), .bytes = 170},
        {.handle = "bbcdefghijklmnopqrstuv", .state = session::session_state::malformed, .bytes = 12345678},
        {.handle = "cbcdefghijklmnopqrstuv", .user = std::string(300, 'x') + "\n", .ttl = seconds(183'600)}};
    std::istringstream in(table_head() + table_rows(sessions));
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line); ++lines) EXPECT_LE(line.size(), 80u) << line;
    EXPECT_EQ(lines, 4u);
    EXPECT_EQ(table_rows({sessions[0]}),
              "abcdefghijklmnopqrstuv  alice                     live          5m07s       170\n");
}

TEST(text, shows_members_and_values) {
    session::session_details d{{.handle = "abcdefghijklmnopqrstuv", .user = "alice", .since = unix_time{}},
                               {}};
    d.members.push_back({"cookie", "object", 12, {}});
    d.members.push_back({"a\nb", "string", 5, "\"\x1B[2J\""});
    const std::string text = text_of(d);
    EXPECT_NE(text.find("user     alice\n"), text.npos) << text;
    EXPECT_NE(text.find("since    1970-01-01T00:00:00.000Z\n"), text.npos) << text;
    EXPECT_NE(text.find("a?b"), text.npos) << text;
    EXPECT_NE(text.find("\"?[2J\"\n"), text.npos) << text;
}

TEST(handles, that_begin_like_options_are_protected) {
    using list = std::vector<std::string>;
    struct {
        list given, taken;
    } cases[] = {
        {{"sessions", "show", "-cdefghijklmnopqrstuvw", "--json"},
         {"sessions", "show", "--json", "--", "-cdefghijklmnopqrstuvw"}},
        {{"sessions", "show", "--defghijklmnopqrstuvw"},
         {"sessions", "show", "--", "--defghijklmnopqrstuvw"}},
        {{"sessions", "show", "abcdefghijklmnopqrstuv"}, {"sessions", "show", "abcdefghijklmnopqrstuv"}},
        {{"sessions", "show", "--", "-cdefghijklmnopqrstuvw"},
         {"sessions", "show", "--", "-cdefghijklmnopqrstuvw"}},
        {{"sessions", "list", "--config", "x"}, {"sessions", "list", "--config", "x"}},
        {{"serve", "-cdefghijklmnopqrstuvw"}, {"serve", "-cdefghijklmnopqrstuvw"}},
        {{}, {}},
    };
    for (const auto& c : cases) {
        list arguments = c.given;
        protect_handles(arguments);
        EXPECT_EQ(arguments, c.taken);
    }
}

}  // namespace
}  // namespace vestibule::app

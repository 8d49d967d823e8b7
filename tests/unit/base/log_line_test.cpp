#include "base/log_line.hpp"

#include <gtest/gtest.h>

namespace vestibule::log {
namespace {

std::string json_of(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(append_json_string, table) {
    EXPECT_EQ(json_of("plain"), R"("plain")");
    EXPECT_EQ(json_of("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(json_of("a\nb\tc\x01\x7f"), "\"a\\nb\\u0009c\\u0001\\u007f\"");
    EXPECT_EQ(json_of("zo\xc3\xab"), "\"zo\xc3\xab\"");
    EXPECT_EQ(json_of("\xff\xc3"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    EXPECT_EQ(json_of(std::string_view("\0", 1)), "\"\\u0000\"");
}

// The time is cut off: {"time":"2026-01-02T03:04:05.678Z" is 34 bytes.
constexpr std::size_t json_time = 34, text_time = 24;

TEST(log_line, json) {
    std::string line;
    append_json_line(line, "warn", "exchange failed",
                     {{"side", "store"}, {"status", 503}, {"ms", 1.5}, {"ok", false}});
    EXPECT_EQ(
        line.substr(json_time),
        ",\"level\":\"warn\",\"message\":\"exchange failed\",\"side\":\"store\",\"status\":503,\"ms\":1.500,"
        "\"ok\":false}\n");
}

TEST(log_line, access_has_no_message) {
    std::string line;
    append_json_line(line, "access", {}, {{"path", "/a"}});
    EXPECT_EQ(line.substr(json_time), ",\"type\":\"access\",\"path\":\"/a\"}\n");
}

TEST(log_line, text_stays_one_line) {
    std::string line;
    append_text_line(line, "info", "listening",
                     {{"address", "127.0.0.1:8080"}, {"odd", "a b\nc"}, {"empty", ""}});
    EXPECT_EQ(line.substr(text_time), " INFO listening address=127.0.0.1:8080 odd=\"a b\\nc\" empty=\"\"\n");
}

}  // namespace
}  // namespace vestibule::log

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

constexpr unix_time then{milliseconds(1'767'323'045'678)};

// Through the record that a thread leaves for the writer and back.
std::string line_of(void (*append)(std::string&, const line&), std::string_view kind,
                    std::string_view message, std::initializer_list<field> said) {
    const line whole{then, kind, message, {said.begin(), said.size()}};
    std::vector<std::byte> record(encoded_size(whole));
    encode(whole, record.data());
    EXPECT_EQ(time_of(record), then);
    std::vector<field> fields;
    std::string out;
    append(out, decode(record, fields));
    return out;
}

TEST(log_line, json) {
    EXPECT_EQ(
        line_of(append_json_line, "warn", "exchange failed",
                {{"side", "store"}, {"status", 503}, {"ms", 1.5}, {"ok", false}, {"empty", ""}}),
        R"({"time":"2026-01-02T03:04:05.678Z","level":"warn","message":"exchange failed","side":"store",)"
        R"("status":503,"ms":1.500,"ok":false,"empty":""})"
        "\n");
}

TEST(log_line, access_has_no_message) {
    EXPECT_EQ(line_of(append_json_line, "access", {}, {{"path", "/a"}}),
              R"({"time":"2026-01-02T03:04:05.678Z","type":"access","path":"/a"})"
              "\n");
}

TEST(log_line, text_stays_one_line) {
    EXPECT_EQ(line_of(append_text_line, "info", "listening",
                      {{"address", "127.0.0.1:8080"}, {"odd", "a b\nc"}, {"empty", ""}}),
              "2026-01-02T03:04:05.678Z INFO listening address=127.0.0.1:8080 odd=\"a b\\nc\" empty=\"\"\n");
}

}  // namespace
}  // namespace vestibule::log

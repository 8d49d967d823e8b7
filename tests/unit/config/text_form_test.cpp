#include "config/text_form.hpp"

#include <gtest/gtest.h>

namespace vestibule::config {
namespace {

TEST(text_form, durations) {
    struct {
        const char* text;
        std::int64_t ms;  // -1: no duration
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"250ms", 250},
        {"10s", 10'000},
        {"5m", 300'000},
        {"24h", 86'400'000},
        {"7d", 604'800'000},
        {"36500d", 3'153'600'000'000},
        {"36501d", -1},
        {"", -1},
        {"10", -1},
        {"s", -1},
        {"-1s", -1},
        {"+1s", -1},
        {"1.5s", -1},
        {"1 s", -1},
        {" 1s", -1},
        {"1s ", -1},
        {"1h30m", -1},
        {"1S", -1},
        {"1us", -1},
        {"0x1s", -1},
        {"999999999999999d", -1},
        {"99999999999999999999999ms", -1},
        {"off", -1},
    };
    for (const auto& c : cases) {
        const auto d = parse_duration(c.text);
        EXPECT_EQ(d ? d->count() : -1, c.ms) << c.text;
    }
}

TEST(text_form, sizes) {
    struct {
        const char* text;
        std::int64_t bytes;  // -1: no size
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"65536", 65536},
        {"64KiB", 65536},
        {"1MiB", 1 << 20},
        {"1GiB", 1 << 30},
        {"1048576GiB", std::int64_t{1} << 50},
        {"1048577GiB", -1},
        {"", -1},
        {"KiB", -1},
        {"10MB", -1},
        {"10M", -1},
        {"10 MiB", -1},
        {"1kib", -1},
        {"-1", -1},
        {"1.5MiB", -1},
        {"1TiB", -1},
        {"999999999999999999", -1},
    };
    for (const auto& c : cases) {
        const auto size = parse_size(c.text);
        EXPECT_EQ(size ? static_cast<std::int64_t>(*size) : -1, c.bytes) << c.text;
    }
}

TEST(text_form, what_is_formatted_parses_back) {
    for (const char* d : {"0", "1ms", "999ms", "90s", "1m", "25h", "1d", "400d"})
        EXPECT_EQ(format_duration(*parse_duration(d)), d);
    for (const char* s : {"0", "1", "1023", "1KiB", "1025", "3MiB", "1GiB", "1024GiB"})
        EXPECT_EQ(format_size(*parse_size(s)), s);
}

TEST(text_form, booleans) {
    for (const char* yes : {"true", "True", "TRUE", "yes", "on", "ON"})
        EXPECT_EQ(parse_boolean(yes), true) << yes;
    for (const char* no : {"false", "False", "no", "NO", "off", "Off"})
        EXPECT_EQ(parse_boolean(no), false) << no;
    for (const char* other : {"", "1", "0", "y", "n", "tRUE", "true "})
        EXPECT_EQ(parse_boolean(other), std::nullopt) << other;
}

TEST(text_form, host_names) {
    const std::string label63(63, 'a');
    for (const auto& good :
         {std::string("a"), std::string("localhost"), std::string("legacy_app"),
          std::string("a-b.c1.example"), std::string("127.0.0.1"), label63, label63 + "." + label63})
        EXPECT_TRUE(is_host_name(good)) << good;
    for (const auto& bad :
         {std::string(), std::string("."), std::string("a."), std::string(".a"), std::string("a..b"),
          std::string("-a"), std::string("a-"), std::string("a b"), std::string("a/b"), std::string("a:1"),
          std::string("*.a"), std::string("\xc3\xbc"), label63 + "a",
          label63 + "." + label63 + "." + label63 + "." + label63})
        EXPECT_FALSE(is_host_name(bad)) << bad;
}

TEST(text_form, tokens) {
    EXPECT_TRUE(is_token("X-Session-User"));
    EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
    for (const std::string_view bad : {"", "a b", "a:", "a;", "a\"", "a(b)", "a/b", "\xc3\xbc", "a,b", "{a}"})
        EXPECT_FALSE(is_token(bad)) << bad;
    EXPECT_FALSE(is_token(std::string_view("a\0b", 3)));
}

TEST(text_form, printable_is_one_short_line) {
    EXPECT_EQ(printable("plain \xc3\xbc"), "plain \xc3\xbc");
    EXPECT_EQ(printable(std::string_view("a\n\t\0\x7f\x1b[1m", 9)), "a\\x0a\\x09\\x00\\x7f\\x1b[1m");
    EXPECT_EQ(printable(std::string(60, 'x')), std::string(60, 'x'));
    EXPECT_EQ(printable(std::string(61, 'x')), std::string(60, 'x') + "...");
    // A character is not cut in two.
    EXPECT_EQ(printable(std::string(59, 'x') + "\xc3\xbc" + "y"), std::string(59, 'x') + "\xc3\xbc...");
}

}  // namespace
}  // namespace vestibule::config

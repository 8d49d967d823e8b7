#include "http/control_scan.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vestibule::http {
namespace {

// Lengths up to 40 take every path: blocks of sixteen, of eight, and single bytes.
constexpr std::size_t longest = 40;

TEST(find_control, every_byte_at_every_place) {
    for (std::size_t size = 0; size <= longest; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (unsigned c = 0; c < 256; ++c) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(c);
                const char *const first = text.data(), *const end = first + size;
                const bool control = c < 0x20 || c == 0x7F;
                ASSERT_EQ(find_control<0x20>(first, end), control ? first + at : end) << size << ' ' << c;
                ASSERT_EQ(find_control<0x21>(first, end), control || c == ' ' ? first + at : end)
                    << size << ' ' << c;
            }
        }
    }
}

TEST(find_control, the_first_of_several) {
    std::string text(longest, '\x80');
    const char* const end = text.data() + text.size();
    for (std::size_t at = longest; at-- > 0;) {
        text[at] = at % 2 == 0 ? '\0' : '\x7F';
        ASSERT_EQ(find_control<0x20>(text.data(), end), text.data() + at);
    }
}

TEST(find_behind_line_feed, asks_of_each_in_turn) {
    for (std::size_t size = 0; size <= longest; ++size) {
        for (std::size_t step = 1; step <= longest; ++step) {
            std::string text(size, '\x8A');
            std::size_t feeds = 0;
            for (std::size_t at = step - 1; at < size; at += step, ++feeds) text[at] = '\n';
            const char *const first = text.data(), *const end = first + size;
            std::size_t asked = 0;
            const auto none = [&](const char* p) {
                ++asked;
                EXPECT_EQ(p, first + asked * step);
                return false;
            };
            ASSERT_EQ(find_behind_line_feed(first, end, none), nullptr);
            ASSERT_EQ(asked, feeds);
            const auto last = [&](const char* p) { return p == first + feeds * step; };
            ASSERT_EQ(find_behind_line_feed(first, end, last), feeds == 0 ? nullptr : first + feeds * step);
        }
    }
}

}  // namespace
}  // namespace vestibule::http

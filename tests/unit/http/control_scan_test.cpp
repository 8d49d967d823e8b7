#include "http/control_scan.hpp"

#include <gtest/gtest.h>

#include <random>
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

TEST(find_empty_line, texts_of_all_kinds_and_lengths) {
    std::minstd_rand random;  // always the same texts
    std::size_t found = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % longest, 'a');
        for (char& c : text) c = "aaaaaa\r\n"[random() % 8];
        auto expected = text.npos;
        for (std::size_t i = 1; i < text.size() && expected == text.npos; ++i)
            if (text[i - 1] == '\n' && (text[i] == '\n' || text.compare(i, 2, "\r\n") == 0)) expected = i;
        const char *const first = text.data(), *const end = first + text.size();
        ASSERT_EQ(find_empty_line(first, end), expected == text.npos ? nullptr : first + expected) << text;
        found += expected != text.npos;
    }
    EXPECT_GT(found, 2'000u);
    EXPECT_LT(found, 18'000u);
}

}  // namespace
}  // namespace vestibule::http

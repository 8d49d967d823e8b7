#include "store/tombstone.hpp"

#include <gtest/gtest.h>

namespace vestibule::store {
namespace {

using session::standing;

constexpr unix_time now{milliseconds(1'767'323'045'678)};

TEST(tombstone, says_what_was_written) {
    const std::string moved = tombstone_text("new sid", true, milliseconds(10'000), now);
    EXPECT_EQ(moved, "1767323055678 new sid");
    const auto there = read_tombstone(moved, now + milliseconds(9'999));
    EXPECT_EQ(there->state, standing::moved);
    EXPECT_EQ(there->value, "new sid");
    EXPECT_EQ(there->parsed(), nullptr);
    EXPECT_EQ(read_tombstone(moved, now + milliseconds(10'000))->state, standing::ended);

    const std::string replaced = tombstone_text("new sid", false, milliseconds(10'000), now);
    EXPECT_EQ(read_tombstone(replaced, now)->state, standing::replaced);
    EXPECT_EQ(read_tombstone(replaced, now + milliseconds(10'000))->state, standing::ended);
    EXPECT_EQ(read_tombstone(replaced, now)->value, "new sid");
    EXPECT_EQ(read_tombstone(replaced, now + milliseconds(10'000))->value, "new sid") << "for who ends it";
    EXPECT_EQ(tombstone_text("", false, milliseconds(0), now), "-");
}

TEST(tombstone, of_anything_else_is_an_end) {
    for (const char* text : {"", "-", " ", "17", "9999999999999", "99999999999999999999 x", "x 1",
                             "9999999999999x", "9999999999999 a\x01b", "9999999999999 \xff"})
        EXPECT_EQ(read_tombstone(text, now)->state, standing::ended) << text;
}

}  // namespace
}  // namespace vestibule::store

// The small pieces: errors, clocks, UTF-8.
#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>
#include <vestibule/base/utf8.hpp>

#include <gtest/gtest.h>

namespace vestibule {
namespace {

TEST(error, knows_its_side) {
    EXPECT_EQ(side_of(errc::bad_framing), side::downstream);
    EXPECT_EQ(side_of(errc::bad_signature), side::session);
    EXPECT_EQ(side_of(errc::store_timeout), side::store);
    EXPECT_EQ(side_of(errc::connect_failed), side::upstream);
    EXPECT_EQ(side_of(errc::shutting_down), side::internal);
    EXPECT_EQ(side_of(error_code(1, boost::system::system_category())), side::internal);
    EXPECT_EQ(to_string(side::upstream), "upstream");
    EXPECT_EQ(make_error_code(errc::store_timeout).message(), "store did not answer in time");
}

TEST(clock, coarse_time_is_close_to_the_real_one) {
    const auto wall = std::chrono::system_clock::now();
    EXPECT_LT(std::chrono::abs(wall - wall_now()), milliseconds(100));
    EXPECT_LT(std::chrono::abs(std::chrono::steady_clock::now() - mono_now()), milliseconds(100));
}

TEST(clock, manual_clock_moves_when_told) {
    manual_clock c{unix_time(milliseconds(1000))};
    c.advance(milliseconds(5));
    EXPECT_EQ(c.now(), unix_time(milliseconds(1005)));
}

TEST(utf8, well_formedness) {
    for (const char* good :
         {"", "a", "\xc3\xa9", "\xe2\x9c\x93", "\xf0\x9f\x98\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(valid_utf8(good)) << good;
    for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x9c", "a\xc3"})
        EXPECT_FALSE(valid_utf8(bad)) << bad;
}

}  // namespace
}  // namespace vestibule

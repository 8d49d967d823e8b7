#include "store/backoff.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vestibule::store {
namespace {

TEST(backoff, doubles_from_50_ms_to_half_a_second_and_is_never_in_step) {
    for (std::uint32_t seed : {1u, 2u, 77u}) {
        backoff b(seed);
        for (int round = 0; round < 2; ++round) {
            for (int step : {50, 100, 200, 400, 500, 500}) {
                const auto d = b.next();
                EXPECT_LE(d.count(), step);
                EXPECT_GE(d.count(), step / 2);
            }
            b.reset();
        }
    }
    backoff a(1), b(2);
    std::vector<milliseconds> first, second;
    for (int i = 0; i < 6; ++i) {
        first.push_back(a.next());
        second.push_back(b.next());
    }
    EXPECT_NE(first, second);
}

}  // namespace
}  // namespace vestibule::store

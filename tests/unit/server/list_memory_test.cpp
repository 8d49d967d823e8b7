#include "server/list_memory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vestibule::server {
namespace {

using namespace std::chrono_literals;

constexpr mono_time start{1h};

TEST(list_memory, is_due_after_half_of_a_life) {
    list_memory m;
    EXPECT_EQ(m.due("s"), mono_time::min());
    m.entered("s", 10s, start);
    EXPECT_EQ(m.due("s"), start + 5s);
    EXPECT_EQ(m.due("t"), mono_time::min());
    m.entered("s", {}, start + 1s);
    EXPECT_EQ(m.due("s"), start + 1s + 12h);
}

TEST(list_memory, forgets_some_of_very_many) {
    list_memory m;
    int known = 0;
    for (int i = 0; i < 100'000; ++i) m.entered(std::to_string(i), 10s, start);
    for (int i = 0; i < 100'000; ++i) known += m.due(std::to_string(i)) == start + 5s;
    EXPECT_GT(known, 10'000);
    EXPECT_LE(known, 16 * 1024);
}

}  // namespace
}  // namespace vestibule::server

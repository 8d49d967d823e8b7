#include "server/vault_memory.hpp"

#include <gtest/gtest.h>

namespace vestibule::server {
namespace {

using namespace std::chrono_literals;
using session::vault_cookie;

constexpr mono_time start{1000s};

TEST(vault_memory, the_last_state_of_each) {
    vault_memory m;
    EXPECT_TRUE(m.empty() && m.of("s", "u").empty());
    m.remember("s", "u", {}, start);
    EXPECT_TRUE(m.empty());
    m.remember("s", "u", {{"a", "1"}, {"b", "2"}}, start);
    m.remember("s", "u", {{"a", "3"}, {"a", "4", "/x"}}, start);
    m.remember("t", "u", {{"a", "5"}}, start);
    std::string all;
    for (const vault_cookie& c : m.of("s", "u")) all += c.name + c.value;
    EXPECT_EQ(all, "b2a3a4");
    m.forget("s");
    m.forget("s");
    EXPECT_TRUE(m.of("s", "u").empty() && !m.empty());
}

TEST(vault_memory, is_one_owners) {
    vault_memory m;
    m.remember("s", "ada", {{"a", "1"}}, start);
    EXPECT_TRUE(m.of("s", "bob").empty() && m.is_of_other("s", "bob"));
    EXPECT_FALSE(m.is_of_other("s", "ada") || m.is_of_other("t", "bob"));
    m.remember("s", "bob", {{"b", "2"}}, start);
    ASSERT_EQ(m.of("s", "bob").size(), 1u);
    EXPECT_EQ(m.of("s", "bob").front().name, "b");
}

TEST(vault_memory, looks_are_further_and_further_apart) {
    vault_memory m;
    m.remember("s", "u", {{"a", "1"}}, start);
    std::vector<std::int64_t> looks;
    for (auto t = start; !m.empty(); t += 100ms)
        if (!m.due(t).empty()) looks.push_back((t - start) / 1ms);
    EXPECT_EQ(looks, (std::vector<std::int64_t>{100, 300, 700, 1500, 2500, 3800, 5400, 7400, 9900, 13000,
                                                16900, 21700, 27700, 35200, 44600, 56300}));
}

TEST(vault_memory, begins_anew_with_each_write_and_each_race) {
    vault_memory m;
    m.remember("s", "u", {{"a", "1"}}, start);
    m.due(start + 30s);
    m.remember("s", "u", {{"b", "1"}}, start + 59s);
    EXPECT_EQ(m.due(start + 59'100ms).size(), 1u);
    EXPECT_TRUE(m.due(start + 59'200ms).empty());
    m.look_again("s", start + 59'200ms);
    EXPECT_EQ(m.due(start + 59'200ms), std::vector<std::string>{"s"});
    EXPECT_EQ(m.of("s", "u").size(), 2u);
    m.due(start + 119s);
    EXPECT_TRUE(m.empty());
}

TEST(vault_memory, is_bounded) {
    vault_memory m;
    for (std::size_t i = 0; i <= vault_memory::most_sessions; ++i)
        m.remember(std::to_string(i), "u", {{"a", "1"}}, start + milliseconds(i));
    EXPECT_TRUE(m.of("0", "u").empty());
    EXPECT_EQ(m.of("1", "u").size(), 1u);
    EXPECT_EQ(m.of(std::to_string(vault_memory::most_sessions), "u").size(), 1u);
}

}  // namespace
}  // namespace vestibule::server

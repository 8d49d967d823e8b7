// Whose turn it is, when a line is too long, and what checks say: tables.
#include "upstream/choice.hpp"
#include "upstream/checker.hpp"
#include "upstream/codel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>

namespace vestibule::upstream {
namespace {

using namespace std::chrono_literals;

TEST(rotation, is_smooth_and_weighted) {
    const struct {
        std::vector<std::uint32_t> shares;
        std::string order;
    } test_cases[] = {
        {{1}, "aaaa"},
        {{1, 1, 1}, "abcabc"},
        {{5, 1, 1}, "aabacaaaabacaa"},
        {{500, 100, 100}, "aabacaa"},
        {{1, 0, 1}, "acac"},
        {{0, 0, 3}, "ccc"},
        {{2, 1}, "abaaba"},
        {{0, 0}, "--"},
    };
    for (const auto& t : test_cases) {
        std::vector<candidate> all;
        for (const auto share : t.shares) all.push_back({share, 0});
        rotation turns;
        std::string order;
        for (std::size_t i = 0; i < t.order.size(); ++i) {
            const std::size_t n = turns.next(all);
            order += n == nobody ? '-' : char('a' + n);
        }
        EXPECT_EQ(order, t.order);
    }
}

TEST(least_requests, takes_the_less_busy_of_two) {
    const struct {
        std::vector<candidate> all;
        std::vector<std::size_t> possible;
    } test_cases[] = {
        {{{100, 3}}, {0}},
        {{{100, 0}, {100, 0}}, {0, 1}},
        {{{100, 1}, {100, 0}}, {1}},
        {{{100, 0}, {0, 0}, {100, 5}}, {0}},
        {{{300, 2}, {100, 1}}, {0}},               // 3/3 against 2/1
        {{{300, 5}, {100, 1}}, {0, 1}},            // 6/3 against 2/1
        {{{100, 9}, {100, 8}, {100, 7}}, {1, 2}},  // never the busiest
        {{{10, 0}, {100, 5}}, {1}},                // who comes back has a tenth of its share
        {{{0, 0}, {0, 0}}, {nobody}},
    };
    std::mt19937_64 random(7);
    for (const auto& t : test_cases) {
        std::vector<std::size_t> seen;
        for (int i = 0; i < 200; ++i) {
            const std::size_t n = least_requests(t.all, random());
            if (std::ranges::find(seen, n) == seen.end()) seen.push_back(n);
        }
        std::ranges::sort(seen);
        EXPECT_EQ(seen, t.possible);
    }
}

// A backend with four places of 10 ms each, offered `load` times what it can do, in simulated time.
struct outcome {
    double served = 0;  // of what it can do
    codel::duration longest{}, last{};
};
outcome simulate(double load, codel::duration target, codel::duration burst_every = {}) {
    codel line(target);
    std::deque<codel::time> waiting;
    std::deque<codel::time> busy;  // when each of the four is free again
    const codel::time begin{1h};
    busy.assign(4, begin);
    int served = 0;
    outcome out;
    double arrived = 0;
    for (codel::time now = begin; now < begin + 10s; now += 100us) {
        const bool on = burst_every == codel::duration{} || (now - begin) % burst_every < 10ms;
        for (arrived += on ? load * 0.04 : 0; arrived >= 1; --arrived) waiting.push_back(now);
        for (auto& free : busy) {
            if (free > now) continue;
            while (!waiting.empty()) {
                const auto waited = now - waiting.front();
                waiting.pop_front();
                const bool refused = line.refuses(now, waited);
                if (waiting.empty()) line.line_is_empty();
                if (refused) continue;
                if (now > begin + 1s) out.longest = std::max<codel::duration>(out.longest, waited);
                ++served;
                free = now + 10ms;
                break;
            }
        }
    }
    out.served = served / 4000.0;
    return out;
}

TEST(codel, keeps_waiting_short_at_any_overload_and_loses_no_work) {
    const struct {
        double load, served;
        codel::duration target, longest;
    } test_cases[] = {
        {0.9, 0.88, 20ms, 20ms},
        {2.0, 0.99, 20ms, 41ms},
        {10.0, 0.99, 20ms, 41ms},
        {2.0, 0.99, 5ms, 11ms},
    };
    for (const auto& t : test_cases) {
        const outcome o = simulate(t.load, t.target);
        EXPECT_GE(o.served, t.served) << t.load;
        EXPECT_LE(o.longest, t.longest) << t.load;
    }
    EXPECT_GT(simulate(2.0, 0ms).longest, 4s) << "without it the line grows and grows";
}

TEST(codel, lets_a_burst_pass) {
    // Forty at once every second: the last of them wait for 100 ms, and nobody is refused.
    const outcome o = simulate(10, 20ms, 1s);
    EXPECT_NEAR(o.served * 4000, 400, 10);
}

TEST(check_judge, counts_in_a_row_after_the_first) {
    const struct {
        std::string checks, down;  // + good, - bad; d down, u up
    } test_cases[] = {
        {"++++", "uuuu"},         {"-", "d"},           {"-++", "ddu"}, {"+--+---", "uuuuuud"},
        {"+---+-++", "uuuddddu"}, {"--+-++", "dddddu"},
    };
    for (const auto& t : test_cases) {
        check_judge judge({.path = "/", .healthy = 2, .unhealthy = 3});
        std::string down;
        for (const char c : t.checks) down += judge.note(c == '+') ? 'd' : 'u';
        EXPECT_EQ(down, t.down) << t.checks;
    }
}

}  // namespace
}  // namespace vestibule::upstream

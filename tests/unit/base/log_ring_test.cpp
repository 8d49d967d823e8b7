#include "base/log_ring.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <thread>

namespace vestibule::log {
namespace {

bool give(log_ring& ring, const std::string& record) {
    std::byte* const room = ring.reserve(record.size());
    if (room == nullptr) return false;
    std::memcpy(room, record.data(), record.size());
    ring.commit();
    return true;
}

std::string take(log_ring& ring) {
    const auto front = ring.front();
    std::string record(reinterpret_cast<const char*>(front.data()), front.size());
    if (!front.empty()) ring.pop();
    return record;
}

TEST(log_ring, empty_has_no_front) {
    log_ring ring(64);
    EXPECT_TRUE(ring.front().empty());
    EXPECT_EQ(ring.waiting(), 0u);
}

TEST(log_ring, a_reserved_record_is_not_seen) {
    log_ring ring(64);
    ASSERT_NE(ring.reserve(8), nullptr);
    EXPECT_TRUE(ring.front().empty());
    ring.commit();
    EXPECT_EQ(ring.front().size(), 8u);
}

TEST(log_ring, full_takes_nothing_and_keeps_what_it_has) {
    log_ring ring(64);
    EXPECT_TRUE(give(ring, "0123456789"));   // 24 bytes with its header
    EXPECT_TRUE(give(ring, "abcdefghij"));   // 48
    EXPECT_FALSE(give(ring, "ABCDEFGHIJ"));  // 16 are left at the end, none at the front
    EXPECT_TRUE(give(ring, "abcdefgh"));
    EXPECT_FALSE(give(ring, "x"));
    EXPECT_EQ(take(ring), "0123456789");
    EXPECT_TRUE(give(ring, "ABCDEFGHIJ"));
    EXPECT_EQ(take(ring), "abcdefghij");
    EXPECT_EQ(take(ring), "abcdefgh");
    EXPECT_EQ(take(ring), "ABCDEFGHIJ");
    EXPECT_EQ(ring.waiting(), 0u);
}

TEST(log_ring, what_can_never_fit_is_refused) {
    log_ring ring(64);
    EXPECT_EQ(ring.reserve(57), nullptr);
    EXPECT_NE(ring.reserve(56), nullptr);
}

// Any order of giving and taking, against a queue that cannot be wrong.
TEST(log_ring, as_a_queue) {
    std::mt19937 random(20260102);
    log_ring ring(256);
    std::deque<std::string> model;
    std::size_t refused = 0;
    for (int i = 0; i < 100'000; ++i) {
        if (random() % 2 == 0) {
            const std::string record(1 + random() % 90, char('a' + i % 26));
            if (give(ring, record))
                model.push_back(record);
            else
                ++refused;
        } else {
            const std::string got = take(ring);
            ASSERT_EQ(got, model.empty() ? "" : model.front());
            if (!model.empty()) model.pop_front();
        }
    }
    EXPECT_GT(refused, 1000u);
}

TEST(log_ring, between_two_threads) {
    log_ring ring(1024);
    constexpr int records = 100'000;
    std::thread producer([&] {
        for (int i = 0; i < records;)
            if (give(ring, std::to_string(i))) ++i;
        ring.close();
    });
    int next = 0;
    while (!ring.closed() || ring.waiting() != 0) {
        const std::string got = take(ring);
        if (!got.empty()) {
            ASSERT_EQ(got, std::to_string(next));
            ++next;
        }
    }
    producer.join();
    EXPECT_EQ(next, records);
}

}  // namespace
}  // namespace vestibule::log

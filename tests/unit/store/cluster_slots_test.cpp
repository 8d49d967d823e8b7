// Slots, maps and redirects of a Redis Cluster, as text.
#include "store/cluster_slots.hpp"

#include "decoded.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace vestibule::test {
namespace {

using namespace store;

const net::endpoint asked{"10.0.0.9", 7000, {}};

// By `CLUSTER KEYSLOT` of Redis 7.0.
TEST(key_slot, is_that_of_redis) {
    const std::pair<const char*, unsigned> rows[] = {
        {"", 0},
        {"123456789", 12739},
        {"foo", 12182},
        {"foo{hash_tag}", 2515},
        {"bar{hash_tag}", 2515},
        {"hash_tag", 2515},
        {"foo{}{bar}", 8363},
        {"foo{{bar}}zap", 4015},
        {"{bar", 4015},
        {"foo{bar}{zap}", 5061},
        {"bar", 5061},
        {"no}open{", 2199},
    };
    for (const auto& [key, slot] : rows) EXPECT_EQ(key_slot(key), slot) << key;
    EXPECT_EQ(key_slot("sess:abc"), key_slot("vestibule:ended:{sess:abc}"));
}

TEST(read_slots, takes_ranges_and_their_primaries) {
    const auto ranges = read_slots(
        decoded(
            "*3\r\n"
            "*4\r\n:0\r\n:5460\r\n*3\r\n$9\r\n127.0.0.1\r\n:7001\r\n$2\r\nid\r\n*3\r\n$9\r\n127.0.0.1\r\n:"
            "7004\r\n$2\r\nid\r\n"
            "*3\r\n:5461\r\n:5461\r\n*4\r\n$4\r\nhost\r\n:1\r\n$2\r\nid\r\n*2\r\n$2\r\nip\r\n$3\r\n::1\r\n"
            "*3\r\n:5462\r\n:16383\r\n*3\r\n$-1\r\n:65535\r\n$2\r\nid\r\n"),
        asked);
    ASSERT_TRUE(ranges);
    const std::vector<slot_range> expected{{0, 5460, {"127.0.0.1", 7001, {}}},
                                           {5461, 5461, {"host", 1, {}}},
                                           {5462, 16383, {"10.0.0.9", 65535, {}}}};
    EXPECT_EQ(*ranges, expected);
    EXPECT_TRUE(read_slots(decoded("*0\r\n"), asked)->empty());
}

TEST(read_slots, refuses_what_is_no_map) {
    for (const char* bytes : {
             "+OK\r\n",
             "-ERR This instance has cluster support disabled\r\n",
             "*1\r\n:1\r\n",
             "*1\r\n*2\r\n:0\r\n:1\r\n",
             "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
             "*1\r\n*3\r\n:-1\r\n:2\r\n*2\r\n$1\r\nh\r\n:1\r\n",
             "*1\r\n*3\r\n:9\r\n:2\r\n*2\r\n$1\r\nh\r\n:1\r\n",
             "*1\r\n*3\r\n:0\r\n:2\r\n*2\r\n$1\r\nh\r\n:0\r\n",
             "*1\r\n*3\r\n:0\r\n:2\r\n*2\r\n$1\r\nh\r\n:65536\r\n",
             "*1\r\n*3\r\n:0\r\n:2\r\n*1\r\n$1\r\nh\r\n",
             "*1\r\n*3\r\n:0\r\n:2\r\n$1\r\nh\r\n",
         })
        EXPECT_FALSE(read_slots(decoded(bytes), asked)) << bytes;
}

TEST(read_redirect, knows_where_it_points) {
    struct row {
        const char* text;
        bool known;
        redirect::kind how;
        unsigned slot;
        net::endpoint to;
    };
    const auto moved = redirect::kind::moved, ask = redirect::kind::ask;
    const row rows[] = {
        {"MOVED 3999 127.0.0.1:6381", true, moved, 3999, {"127.0.0.1", 6381, {}}},
        {"ASK 0 redis-1.example:7", true, ask, 0, {"redis-1.example", 7, {}}},
        {"MOVED 16383 ::1:6381", true, moved, 16383, {"::1", 6381, {}}},
        {"MOVED 1 :6381", true, moved, 1, {"10.0.0.9", 6381, {}}},
        {"MOVED 1 ?:6381", true, moved, 1, {"10.0.0.9", 6381, {}}},
        {"MOVED 16384 127.0.0.1:6381", false, moved, 0, {}},
        {"MOVED -1 127.0.0.1:6381", false, moved, 0, {}},
        {"MOVED 1 127.0.0.1:0", false, moved, 0, {}},
        {"MOVED 1 127.0.0.1:65536", false, moved, 0, {}},
        {"MOVED 1 127.0.0.1", false, moved, 0, {}},
        {"MOVED 1:2 3", false, moved, 0, {}},
        {"MOVED 1", false, moved, 0, {}},
        {"MOVED", false, moved, 0, {}},
        {"TRYAGAIN Multiple keys request during rehashing of slot", false, moved, 0, {}},
        {"", false, moved, 0, {}},
    };
    for (const row& r : rows) {
        const auto got = read_redirect(r.text, asked);
        ASSERT_EQ(got.has_value(), r.known) << r.text;
        if (!got) continue;
        EXPECT_EQ(got->how, r.how) << r.text;
        EXPECT_EQ(got->slot, r.slot) << r.text;
        EXPECT_EQ(got->to, r.to) << r.text;
    }
    EXPECT_FALSE(read_redirect("MOVED 1 " + std::string(256, 'a') + ":1", asked));
}

TEST(read_cluster_info, finds_state_and_epoch) {
    EXPECT_EQ(read_cluster_info("cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"
                                "cluster_current_epoch:12\r\ncluster_my_epoch:3\r\n"),
              (cluster_info{true, 12}));
    EXPECT_EQ(read_cluster_info("cluster_state:fail\ncluster_current_epoch:7"), (cluster_info{false, 7}));
    EXPECT_EQ(read_cluster_info("cluster_state:ok\ncluster_current_epoch:x\n"), cluster_info{});
    EXPECT_EQ(read_cluster_info(""), cluster_info{});
}

TEST(append_asking, stands_before_each_command) {
    std::string commands, out;
    append_command(commands, {"GET", "a\r\n*1\r\n$4\r\nPING\r\n"});
    append_command(commands, {"PTTL", ""});
    append_asking(out, commands);
    std::string expected;
    append_command(expected, {"ASKING"});
    append_command(expected, {"GET", "a\r\n*1\r\n$4\r\nPING\r\n"});
    append_command(expected, {"ASKING"});
    append_command(expected, {"PTTL", ""});
    EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace vestibule::test

#include <vestibule/store/store_params.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vestibule::store {
namespace {

struct accepted_row {
    std::string text;
    store_url expected;
    std::string display;
};

store_url tcp(std::string host, std::uint16_t port, std::string user = "", std::string password = "",
              unsigned db = 0, bool tls = false) {
    store_url u;
    u.kind = store_kind::redis;
    u.tls = tls;
    u.host = std::move(host);
    u.port = port;
    u.user = std::move(user);
    u.password = std::move(password);
    u.database = db;
    return u;
}

store_url unix_socket(std::string path, unsigned db = 0, std::string user = "", std::string password = "") {
    store_url u = tcp("", 0, std::move(user), std::move(password), db);
    u.unix_path = std::move(path);
    return u;
}

store_url several(store_kind kind, std::vector<store_address> seeds, std::string service = "",
                  unsigned db = 0, bool tls = false) {
    store_url u = tcp("", 0, "", "", db, tls);
    u.kind = kind;
    u.seeds = std::move(seeds);
    u.service = std::move(service);
    return u;
}

store_url as(store_url u, std::string user, std::string password) {
    u.user = std::move(user);
    u.password = std::move(password);
    return u;
}

constexpr auto sentinel = store_kind::sentinel;
constexpr auto cluster = store_kind::cluster;

std::string many_hosts(int n) {
    std::string hosts;
    for (int i = 0; i < n; ++i) hosts += (i > 0 ? ",h" : "h") + std::to_string(i);
    return hosts;
}

TEST(store_url, is_taken_apart) {
    const accepted_row rows[] = {
        {"memory:", {}, "memory:"},
        {"MEMORY:", {}, "memory:"},
        {"redis://localhost:6379", tcp("localhost", 6379), "redis://localhost:6379"},
        {"redis://cache.internal", tcp("cache.internal", 6379), "redis://cache.internal:6379"},
        {"Redis://cache", tcp("cache", 6379), "redis://cache:6379"},
        {"redis://my_redis_1:7000/", tcp("my_redis_1", 7000), "redis://my_redis_1:7000"},
        {"redis://10.0.0.7:6380/15", tcp("10.0.0.7", 6380, "", "", 15), "redis://10.0.0.7:6380/15"},
        {"redis://[::1]:6380/2", tcp("::1", 6380, "", "", 2), "redis://[::1]:6380/2"},
        {"redis://[2001:db8::7]", tcp("2001:db8::7", 6379), "redis://[2001:db8::7]:6379"},
        {"redis://:secret@h", tcp("h", 6379, "", "secret"), "redis://h:6379"},
        {"redis://app:secret@h:1/3", tcp("h", 1, "app", "secret", 3), "redis://h:1/3"},
        {"redis://a%40b:p%3Aw%2F%23%20%C3%A9@h", tcp("h", 6379, "a@b", "p:w/# \xc3\xa9"), "redis://h:6379"},
        {"redis://u:a:b@h", tcp("h", 6379, "u", "a:b"), "redis://h:6379"},
        {"rediss://u:p@cache.example:6390/1", tcp("cache.example", 6390, "u", "p", 1, true),
         "rediss://cache.example:6390/1"},
        {"redis+unix:///run/redis/redis.sock", unix_socket("/run/redis/redis.sock"),
         "redis+unix:///run/redis/redis.sock"},
        {"redis+unix:///a%20b.sock?db=4", unix_socket("/a b.sock", 4), "redis+unix:///a b.sock?db=4"},
        {"redis+unix://u:p%40w@/r.sock?db=0", unix_socket("/r.sock", 0, "u", "p@w"), "redis+unix:///r.sock"},
        {"redis+sentinel://a/main", several(sentinel, {{"a", 26379}}, "main"),
         "redis+sentinel://a:26379/main"},
        {"redis+sentinel://a:1,b_2.c,[::1]:65535,[2001:DB8::7],10.0.0.1/my-primary_1.x/7",
         several(sentinel,
                 {{"a", 1}, {"b_2.c", 26379}, {"::1", 65535}, {"2001:DB8::7", 26379}, {"10.0.0.1", 26379}},
                 "my-primary_1.x", 7),
         "redis+sentinel://a:1,b_2.c:26379,[::1]:65535,[2001:DB8::7]:26379,10.0.0.1:26379/my-primary_1.x/7"},
        {"rediss+sentinel://u:p%40%2C@a,a:1/m/",
         as(several(sentinel, {{"a", 26379}, {"a", 1}}, "m", 0, true), "u", "p@,"),
         "rediss+sentinel://a:26379,a:1/m"},
        {"redis+sentinel://:p,w@a/m", as(several(sentinel, {{"a", 26379}}, "m"), "", "p,w"),
         "redis+sentinel://a:26379/m"},
        {"REDIS+Cluster://a", several(cluster, {{"a", 6379}}), "redis+cluster://a:6379"},
        {"rediss+cluster://u:a%2Fb:c@a:7000,[::1],b:7001/",
         as(several(cluster, {{"a", 7000}, {"::1", 6379}, {"b", 7001}}, "", 0, true), "u", "a/b:c"),
         "rediss+cluster://a:7000,[::1]:6379,b:7001"},
    };
    for (const auto& row : rows) {
        std::string problem;
        const auto u = parse_store_url(row.text, problem);
        ASSERT_TRUE(u) << row.text << ": " << problem;
        EXPECT_EQ(u->kind, row.expected.kind) << row.text;
        EXPECT_EQ(u->tls, row.expected.tls) << row.text;
        EXPECT_EQ(u->host, row.expected.host) << row.text;
        EXPECT_EQ(u->port, row.expected.port) << row.text;
        EXPECT_EQ(u->unix_path, row.expected.unix_path) << row.text;
        EXPECT_EQ(u->seeds, row.expected.seeds) << row.text;
        EXPECT_EQ(u->service, row.expected.service) << row.text;
        EXPECT_EQ(u->user, row.expected.user) << row.text;
        EXPECT_EQ(u->password, row.expected.password) << row.text;
        EXPECT_EQ(u->database, row.expected.database) << row.text;
        EXPECT_EQ(u->display(), row.display) << row.text;
        EXPECT_EQ(problem, "") << row.text;
    }
}

TEST(store_url, refuses_with_what_would_be_right) {
    const std::pair<std::string, std::string> rows[] = {
        {"", "unknown kind of store"},
        {"localhost:6379", "unknown kind of store"},
        {"http://localhost", "use memory:, redis://host:port/db"},
        {"memory", "unknown kind of store"},
        {"memory:x", "nothing may follow memory:"},
        {"memory://", "nothing may follow memory:"},
        {"redis:localhost", "'//' is missing"},
        {"sentinel://a/main", "redis+sentinel://h1:port,h2:port/name/db"},
        {"redis://", "host is missing"},
        {"redis://:6379", "host is missing"},
        {"redis:///0", "host is missing"},
        {"redis://h:0", "port must be"},
        {"redis://h:65536", "port must be"},
        {"redis://h:x", "port must be"},
        {"redis://h/x", "database must be a number"},
        {"redis://h/1/2", "database must be a number"},
        {"redis://h/-1", "database must be a number"},
        {"redis://h/99999999999", "database must be a number"},
        {"redis://h?db=1", "written /N"},
        {"redis://h/0#x", "%23"},
        {"redis://h%20h", "host must be"},
        {"redis://a,b", "host must be"},
        {"redis://secret@h", "user without password"},
        {"redis://user:@h", "password is empty"},
        {"redis://u:p@ss@h", "%XX"},
        {"redis://u:p%zz@h", "%XX"},
        {"redis://u:p/w@h", "%XX"},
        {"redis://h h", "%XX"},
        {"redis+unix://host/path", "has a path and no host"},
        {"redis+unix://", "path of the socket is missing"},
        {"redis+unix:///", "path of the socket is missing"},
        {"redis+unix:///a%00b", "NUL"},
        {"redis+unix:///" + std::string(107, 'a'), "longer than 107"},
        {"redis+unix:///a?database=1", "db=N"},
        {"redis+unix:///a?db=one", "database must be a number"},
        {"redis+sentinel:a/main", "'//' is missing"},
        {"redis+sentinel://", "host is missing"},
        {"redis+sentinel:///main", "host is missing"},
        {"redis+sentinel://:26379/main", "host is missing"},
        {"redis+sentinel://a,/main", "host is missing"},
        {"redis+sentinel://,a/main", "host is missing"},
        {"redis+sentinel://a,,b/main", "host is missing"},
        {"redis+sentinel://u:p@/main", "host is missing"},
        {"redis+sentinel://a:,b/main", "port must be"},
        {"redis+sentinel://a:0/main", "port must be"},
        {"redis+sentinel://a,b:65536/main", "port must be"},
        {"redis+sentinel://a:+1/main", "port must be"},
        {"redis+sentinel://a:26379 ,b/main", "port must be"},
        {"redis+sentinel://[::1]:x/main", "port must be"},
        {"redis+sentinel://[::1]:/main", "port must be"},
        {"redis+sentinel://::1/main", "in brackets"},
        {"redis+sentinel://2001:db8::7,a/main", "in brackets"},
        {"redis+sentinel://a:1:2/main", "in brackets"},
        {"redis+sentinel://[::1/main", "host must be"},
        {"redis+sentinel://[]/main", "host must be"},
        {"redis+sentinel://[::1]26379/main", "host must be"},
        {"redis+sentinel://[::1]a:1/main", "host must be"},
        {"redis+sentinel://[10.0.0.1]/main", "host must be"},
        {"redis+sentinel://[fe80::1%25eth0]/main", "host must be"},
        {"redis+sentinel://a[::1]/main", "in brackets"},
        {"redis+sentinel://a b/main", "host must be"},
        {"redis+sentinel://a, b/main", "host must be"},
        {"redis+sentinel://a%20/main", "host must be"},
        {"redis+sentinel://a;b/main", "host must be"},
        {"redis+sentinel://a,b,A:26379/main", "twice"},
        {"redis+cluster://a,a", "twice"},
        {"redis+cluster://[::1],[0:0::1]:6379", "twice"},
        {"redis+cluster://" + many_hosts(33), "more than 32"},
        {"redis+sentinel://a", "name of the primary is missing"},
        {"redis+sentinel://a/", "name of the primary is missing"},
        {"redis+sentinel://a//1", "name of the primary is missing"},
        {"redis+sentinel://a/my%20main", "letters, digits"},
        {"redis+sentinel://a/my:main", "letters, digits"},
        {"redis+sentinel://a/main/x", "database must be a number"},
        {"redis+sentinel://a/main/1/2", "database must be a number"},
        {"redis+sentinel://a/main/-1", "database must be a number"},
        {"redis+sentinel://a/main?db=1", "written /N"},
        {"redis+sentinel://a?db=1", "written /N"},
        {"redis+sentinel://a/main#x", "%23"},
        {"redis+sentinel://secret@a/main", "user without password"},
        {"redis+sentinel://user:@a/main", "password is empty"},
        {"redis+sentinel://u:p@ss@a/main", "%XX"},
        {"redis+sentinel://u:p@a,u:p@b/main", "%XX"},
        {"redis+sentinel://u:p%zz@a/main", "%XX"},
        {"redis+sentinel://u:p/w@a/main", "%XX"},
        {"redis+sentinel://u:p#w@a/main", "%XX"},
        {"redis+sentinel://u:p w@a/main", "%XX"},
        {"redis+cluster://a/0", "database 0 only"},
        {"redis+cluster://a,b/1", "database 0 only"},
        {"redis+cluster://a?db=1", "not known here"},
        {"redis+cluster://a:7000/#", "%23"},
    };
    for (const auto& [text, expected] : rows) {
        std::string problem;
        const auto u = parse_store_url(text, problem);
        ASSERT_FALSE(u) << text;
        EXPECT_EQ(u.error(), errc::invalid_argument) << text;
        EXPECT_THAT(problem, testing::HasSubstr(expected)) << text;
    }
}

TEST(store_url, takes_32_hosts) {
    std::string problem;
    const auto u = parse_store_url("redis+cluster://" + many_hosts(32), problem);
    ASSERT_TRUE(u) << problem;
    EXPECT_EQ(u->seeds.size(), 32u);
    EXPECT_EQ(u->seeds.back(), (store_address{"h31", 6379}));
}

TEST(store_url, never_tells_a_password) {
    for (const char* text :
         {"redis://u:hunter2@h/x", "redis://u:hunter2@@h", "hunter2://u:hunter2@h",
          "redis+cluster://u:hunter2@h/1", "redis+cluster://u:hunter2@a,hunter2,hunter2",
          "redis+cluster://hunter2,b@a", "redis+sentinel://u:hunter2@h", "redis+sentinel://u:hunter2,@h:x/m",
          "redis+sentinel://a,u:hunter2@h/hunter2/hunter2", "redis+sentinel://a/m/hunter2",
          "redis+sentinel://a:hunter2/m", "redis://hunter2@h", "redis+unix://u:hunter2@h/p"}) {
        std::string problem;
        ASSERT_FALSE(parse_store_url(text, problem)) << text;
        EXPECT_THAT(problem, testing::Not(testing::HasSubstr("hunter2"))) << text;
    }
}

}  // namespace
}  // namespace vestibule::store

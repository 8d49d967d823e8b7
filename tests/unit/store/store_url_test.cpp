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
        {"redis+sentinel://a:26379,b:26379/main", "not available yet in this version"},
        {"rediss+sentinel://a/main", "not available yet in this version"},
        {"redis+cluster://a:7000,b:7001", "not available yet in this version"},
        {"rediss+cluster://a:7000", "not available yet in this version"},
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
    };
    for (const auto& [text, expected] : rows) {
        std::string problem;
        const auto u = parse_store_url(text, problem);
        ASSERT_FALSE(u) << text;
        EXPECT_EQ(u.error(), errc::invalid_argument) << text;
        EXPECT_THAT(problem, testing::HasSubstr(expected)) << text;
    }
}

TEST(store_url, never_tells_a_password) {
    for (const char* text :
         {"redis://u:hunter2@h/x", "redis://u:hunter2@@h", "hunter2://u:hunter2@h",
          "redis+cluster://u:hunter2@h", "redis://hunter2@h", "redis+unix://u:hunter2@h/p"}) {
        std::string problem;
        ASSERT_FALSE(parse_store_url(text, problem)) << text;
        EXPECT_THAT(problem, testing::Not(testing::HasSubstr("hunter2"))) << text;
    }
}

}  // namespace
}  // namespace vestibule::store

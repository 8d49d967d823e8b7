#include "app/findings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vestibule::app {
namespace {

config::settings good_settings() {
    config::settings s;
    s.server.session.secrets = {std::string(32, 's')};
    s.server.trusted_proxies.push_back(http::cidr::parse("10.0.0.0/8").value());
    s.store.url.kind = store::store_kind::redis;
    return s;
}

store::redis_report good_redis() {
    return {.version = "7.0.15",
            .role = "master",
            .maxmemory_policy = "noeviction",
            .append_only = true,
            .clock_ahead = milliseconds(300),
            .latency = milliseconds(1)};
}

// The findings' texts, critical ones with a "!" in front.
std::string told(const std::vector<finding>& found) {
    std::string out;
    for (const finding& f : found) {
        EXPECT_FALSE(f.remedy.empty()) << f.what;
        out += (f.level == severity::critical ? "!" : "") + f.what + "\n";
    }
    return out;
}

TEST(judge_settings, good_ones_have_no_findings) {
    EXPECT_EQ(told(judge_settings(good_settings(), 100'000)), "");
}

TEST(judge_certificate, names_one_that_ends_within_thirty_days) {
    const unix_time now{std::chrono::days(20'000)};
    const auto judged = [&](std::chrono::hours left) {
        const auto f = judge_certificate("listen[0].tls.certificate", now + left, now);
        return f ? told({*f}) : "";
    };
    struct {
        std::chrono::hours left;
        const char* expected;
    } rows[] = {
        {std::chrono::days(31), ""},
        {std::chrono::days(30), ""},
        {std::chrono::hours(30 * 24 - 1),
         "the certificate of listen[0].tls.certificate expires in 29 days\n"},
        {std::chrono::hours(1), "the certificate of listen[0].tls.certificate expires in 0 days\n"},
        {std::chrono::hours(0), "!the certificate of listen[0].tls.certificate has expired\n"},
        {std::chrono::hours(-100), "!the certificate of listen[0].tls.certificate has expired\n"},
    };
    for (const auto& [left, expected] : rows) EXPECT_EQ(judged(left), expected) << left.count();
}

TEST(judge_settings, says_what_bites) {
    const auto with = [](auto change) {
        config::settings s = good_settings();
        change(s);
        return told(judge_settings(s, 100'000));
    };
    EXPECT_EQ(with([](auto& s) { s.server.session.secrets = {"short"}; }),
              "session.secrets[0] has 5 bytes\n");
    EXPECT_NE(with([](auto& s) { s.server.trusted_proxies.clear(); }).find("never Secure"),
              std::string::npos);
    EXPECT_EQ(with([](auto& s) {
                  s.server.trusted_proxies.clear();
                  s.server.listen[0].tls.emplace();
              }),
              "");
    EXPECT_NE(with([](auto& s) { s.server.session.cookie.secure = server::secure_mode::off; }).find("is off"),
              std::string::npos);
    EXPECT_NE(with([](auto& s) { s.server.session.cookie.http_only = false; }).find("http_only"),
              std::string::npos);
    EXPECT_NE(with([](auto& s) {
                  s.server.session.cookie.same_site = http::same_site_mode::none;
              }).find("same_site is none"),
              std::string::npos);
    EXPECT_EQ(with([](auto& s) {
                  s.server.session.cookie.same_site = http::same_site_mode::none;
                  s.server.csrf.mode = policy::csrf_mode::origin;
              }),
              "");
    EXPECT_NE(with([](auto& s) { s.store.url = {}; }).find("memory"), std::string::npos);
    EXPECT_NE(with([](auto& s) { s.workers = 10'000; }).find("workers is 10000"), std::string::npos);
    EXPECT_EQ(told(judge_settings(good_settings(), 1024)),
              "1024 open files are allowed, limits.connections needs 20064\n");
}

TEST(judge_redis, table) {
    const store::store_params local{.url = {.kind = store::store_kind::redis}};
    store::store_params remote = local;
    remote.url.host = "redis.example";
    EXPECT_EQ(told(judge_redis(good_redis(), local)), "");
    const auto with = [&](auto change) {
        store::redis_report r = good_redis();
        change(r);
        return told(judge_redis(r, local));
    };
    EXPECT_EQ(with([](auto& r) { r.version = "5.0.7"; }), "!Redis 5.0.7 is too old\n");
    EXPECT_TRUE(with([](auto& r) { r.role = "slave"; }).starts_with("!this Redis is a replica"));
    EXPECT_TRUE(with([](auto& r) { r.cluster = true; }).starts_with("!this Redis is a node of a Cluster"));
    EXPECT_TRUE(with([](auto& r) {
                    r.maxmemory_policy = "allkeys-lru";
                }).starts_with("!maxmemory-policy allkeys-lru"));
    EXPECT_TRUE(with([](auto& r) {
                    r.maxmemory_policy = "volatile-ttl";
                }).starts_with("!maxmemory-policy volatile-ttl"));
    EXPECT_TRUE(with([](auto& r) { r.append_only = false; }).starts_with("appendonly is off"));
    EXPECT_TRUE(
        with([](auto& r) { r.clock_ahead = seconds(-90); }).starts_with("the clock of Redis is -90 s off"));
    EXPECT_TRUE(with([](auto& r) { r.latency = milliseconds(200); }).starts_with("a round trip took 200 ms"));
    EXPECT_EQ(told(judge_redis(good_redis(), remote)),
              "sessions travel to Redis unencrypted\n!Redis lets anybody in without a password\n");
    store::store_params several = local;
    several.url.host.clear();
    several.url.seeds = {{"127.0.0.1", 26379}, {"::1", 26379}};
    EXPECT_EQ(told(judge_redis(good_redis(), several)), "");
    several.url.seeds.push_back({"redis.example", 26379});
    EXPECT_EQ(told(judge_redis(good_redis(), several)), told(judge_redis(good_redis(), remote)));
}

TEST(read_info, takes_what_it_knows) {
    store::redis_report r;
    store::read_info(
        "# "
        "Server\r\nredis_version:7.0.15\r\nrole:master\r\n\r\nmaxmemory_policy:noeviction\r\naof_enabled:"
        "1\r\nredis_mode:cluster\r\nodd line\r\n",
        r);
    EXPECT_EQ(r.version, "7.0.15");
    EXPECT_EQ(r.role, "master");
    EXPECT_EQ(r.maxmemory_policy, "noeviction");
    EXPECT_TRUE(r.append_only);
    EXPECT_TRUE(r.cluster);
}

}  // namespace
}  // namespace vestibule::app

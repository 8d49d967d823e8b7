// The store and a real Redis: what others write there, and what happens when it hangs, dies or is not
// the one it says it is.
#include "localhost.hpp"
#include "redis_rig.hpp"

#include "redis_server.hpp"

#include <gmock/gmock.h>

namespace vestibule::test {
namespace {

class redis_real : public redis_rig {
  protected:
    static redis_server& server() {
        static redis_server instance(true);
        return instance;
    }

    redis_real() {
        server().raw({"FLUSHALL"});
        server().raw({"SELECT", "0"});
    }

    static std::string url() { return "redis://127.0.0.1:" + std::to_string(server().port()); }

    // How long until a load is served again.
    milliseconds recovery() {
        return elapsed([&] {
            const auto limit = std::chrono::steady_clock::now() + 5s;
            while (!wait(store->load("a")) && std::chrono::steady_clock::now() < limit) run_for(io, 10ms);
        });
    }
};

TEST_F(redis_real, stores_what_connect_redis_reads) {
    start(url());
    ASSERT_TRUE(wait(store->create("id", R"({"cookie":{}})", 60s)));
    EXPECT_EQ(server().raw({"KEYS", "*"}), "sess:id\n");
    EXPECT_EQ(server().raw({"GET", "sess:id"}), R"({"cookie":{}})");
    EXPECT_EQ(server().raw({"TTL", "sess:id"}), "60");
    ASSERT_TRUE(wait(store->touch("id", 90s)));
    EXPECT_EQ(server().raw({"TTL", "sess:id"}), "90");
    server().raw({"SET", "sess:other", "x", "EX", "30"});
    EXPECT_EQ(wait(store->load("other")).value()->value, "x");
    server().raw({"DEL", "sess:id"});
    EXPECT_FALSE(wait(store->load("id")).value());
    EXPECT_EQ(server().raw({"CLIENT", "LIST"})->find("name=vestibule") != std::string::npos, true);
}

TEST_F(redis_real, keeps_prefixes_and_databases_apart) {
    start(url());
    ASSERT_TRUE(wait(store->create("a", "of sess", 60s)));
    params.prefix = "loyalty-app:sess:";
    start(url());
    EXPECT_FALSE(wait(store->load("a")).value());
    EXPECT_EQ(wait(store->create("a", "of app", 60s)).value(), write_outcome::done);
    EXPECT_EQ(server().raw({"GET", "sess:a"}), "of sess");
    EXPECT_EQ(server().raw({"GET", "loyalty-app:sess:a"}), "of app");
    start(url() + "/9");
    EXPECT_FALSE(wait(store->load("a")).value());
    start(url() + "/16", 200ms);  // one more than there are
    EXPECT_EQ(wait(store->load("a")).error(), errc::store_refused);
}

TEST_F(redis_real, leaves_keys_of_other_types_alone) {
    start(url());
    server().raw({"RPUSH", "sess:list", "x"});
    const auto r = wait(store->load("list"));
    ASSERT_TRUE(r && *r);
    EXPECT_EQ((*r)->value, "");
    EXPECT_EQ(wait(store->create("list", "v", 60s)).value(), write_outcome::conflict);
    EXPECT_EQ(wait(store->compare_and_set("list", "", "v")).value(), write_outcome::conflict);
    EXPECT_EQ(server().raw({"LRANGE", "sess:list", "0", "-1"}), "x\n");
}

TEST_F(redis_real, survives_the_loss_of_its_script) {
    start(url());
    ASSERT_TRUE(wait(store->create("a", "0", 60s)));
    for (int i = 0; i < 3; ++i) {
        server().raw({"SCRIPT", "FLUSH"});
        const auto n = std::to_string(i), next = std::to_string(i + 1);
        EXPECT_EQ(wait(store->compare_and_set("a", n, next)).value(), write_outcome::done);
    }
    EXPECT_EQ(server().raw({"GET", "sess:a"}), "3");
}

TEST_F(redis_real, tells_what_the_server_forbids) {
    server().raw(
        {"ACL", "SETUSER", "reader", "on", ">pw", "~sess:*", "+get", "+pttl", "+echo", "+evalsha", "+eval"});
    server().raw({"SET", "sess:a", "v"});
    start("redis://reader:pw@127.0.0.1:" + std::to_string(server().port()));
    EXPECT_EQ(wait(store->load("a")).value()->value, "v");
    EXPECT_EQ(wait(store->touch("a", 60s)).error(), errc::store_refused);
    EXPECT_EQ(wait(store->create("b", "v", 60s)).error(), errc::store_refused);
    EXPECT_EQ(wait(store->compare_and_set("a", "v", "w")).error(), errc::store_refused);
    EXPECT_EQ(wait(store->ping()).error(), errc::store_refused);
    EXPECT_EQ(server().raw({"GET", "sess:a"}), "v");
}

TEST_F(redis_real, reports_a_full_server_as_a_refusal) {
    start(url());
    ASSERT_TRUE(wait(store->create("a", "v", 60s)));
    server().raw({"CONFIG", "SET", "maxmemory", "1"});
    EXPECT_EQ(wait(store->create("b", "v", 60s)).error(), errc::store_refused);
    EXPECT_EQ(wait(store->compare_and_set("a", "v", "w")).error(), errc::store_refused);
    EXPECT_EQ(wait(store->load("a")).value()->value, "v");
    server().raw({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_EQ(wait(store->create("b", "v", 60s)).value(), write_outcome::done);
}

TEST_F(redis_real, a_value_larger_than_8_mib_harms_nobody_else) {
    start(url());
    server().raw({"SET", "sess:huge", std::string(9 * 1024 * 1024, 'x')});
    server().raw({"SET", "sess:a", "v"});
    error_code huge;
    std::vector<task<void>> tasks;
    tasks.push_back([](session_store& s, error_code& out) -> task<void> {
        out = (co_await s.load("huge")).error();
    }(*store, huge));
    for (int i = 0; i < 20; ++i)
        tasks.push_back([](session_store& s) -> task<void> {
            const auto r = co_await s.load("a");
            EXPECT_TRUE(r) << r.error().message();
        }(*store));
    run_all(io, std::move(tasks));
    EXPECT_EQ(huge, errc::store_protocol);
}

TEST_F(redis_real, a_hanging_server_costs_the_timeout_and_no_memory) {
    params.max_waiting = 500;
    start(url(), 200ms);
    ASSERT_TRUE(wait(store->create("a", "v", 60s)));
    server().freeze();
    error_code first;
    const auto took = elapsed([&] { first = wait(store->load("a")).error(); });
    EXPECT_EQ(first, errc::store_timeout);
    EXPECT_LT(took, 400ms);
    for (int round = 0; round < 3; ++round) {
        std::vector<task<void>> tasks;
        for (int i = 0; i < 1000; ++i)
            tasks.push_back([](session_store& s) -> task<void> {
                const auto r = co_await s.load("a");
                EXPECT_FALSE(r);
            }(*store));
        EXPECT_LT(elapsed([&] { run_all(io, std::move(tasks)); }), 100ms) << "the breaker is open";
    }
    EXPECT_EQ(metric("vestibule_store_breaker_open"), 1);
    server().thaw();
    EXPECT_LT(recovery(), 2s);
}

TEST_F(redis_real, a_server_that_comes_back_is_found_within_two_seconds) {
    start(url(), 200ms);
    ASSERT_TRUE(wait(store->ping()));
    server().end();
    error_code down;
    EXPECT_LT(elapsed([&] { down = wait(store->load("a")).error(); }), 400ms);
    EXPECT_EQ(down, errc::store_unavailable);
    run_for(io, 2s);
    EXPECT_EQ(metric("vestibule_store_connected"), 0);
    server().start();
    EXPECT_LT(recovery(), 2s);
    EXPECT_EQ(metric("vestibule_store_connected"), 1);
    EXPECT_EQ(metric("vestibule_store_reconnects_total"), 1);
}

TEST_F(redis_real, trusts_a_certificate_of_a_known_authority_for_this_host_only) {
    const auto ask = [&](const std::string& host) {
        testing::internal::CaptureStderr();
        start("rediss://" + host + ":" + std::to_string(server().tls_port()), 500ms);
        const auto r = wait(store->ping());
        return std::pair(r ? error_code() : r.error(), testing::internal::GetCapturedStderr());
    };
    ::setenv("SSL_CERT_FILE", server().certificate().c_str(), 1);
    EXPECT_EQ(ask("127.0.0.1").first, error_code());
    if (has_localhost()) {
        EXPECT_EQ(ask("localhost").first, error_code());
    }
    const auto [other_host, mismatch] = ask("127.0.0.2");
    EXPECT_EQ(other_host, errc::store_unavailable);
    EXPECT_THAT(mismatch, testing::HasSubstr("\"reason\":\"TLS: "));
    EXPECT_THAT(mismatch, testing::HasSubstr("mismatch"));

    ::setenv("SSL_CERT_FILE", "/dev/null", 1);
    const auto [unknown, untrusted] = ask("127.0.0.1");
    EXPECT_EQ(unknown, errc::store_unavailable);
    EXPECT_THAT(untrusted, testing::HasSubstr("self-signed certificate"));
}

TEST_F(redis_real, says_so_where_tls_is_spoken_to_a_plain_port_or_the_reverse) {
    testing::internal::CaptureStderr();
    start("redis://127.0.0.1:" + std::to_string(server().tls_port()), 300ms);
    EXPECT_FALSE(wait(store->ping()));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("greeting"));
    testing::internal::CaptureStderr();
    start("rediss://127.0.0.1:" + std::to_string(server().port()), 300ms);
    EXPECT_FALSE(wait(store->ping()));
    run_for(io, 1200ms);  // Redis waits for the rest of what it takes for a command
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("\"reason\":\"TLS: "));
}

}  // namespace
}  // namespace vestibule::test

// The near cache in front of a real Redis, and of one that refuses.
#include "redis_rig.hpp"

#include "redis_server.hpp"

#include <vestibule/base/logger.hpp>

#include <utility>

namespace vestibule::test {
namespace {

constexpr const char* value = R"({"cookie":{},"n":1})";

class cached_store : public redis_rig {
  protected:
    void start_real(milliseconds timeout = 5s) {
        params.near_cache.enabled = true;
        server.emplace();
        start("redis://127.0.0.1:" + std::to_string(server->port()), timeout);
        ASSERT_TRUE(until([&] { return metric("vestibule_near_cache_open") == 1; }));
    }

    // Runs the loop until it is so; false: not in time.
    template <class Condition>
    bool until(Condition c, milliseconds limit = 5s) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!c()) {
            if (std::chrono::steady_clock::now() > end) return false;
            io.restart();
            io.run_for(1ms);
        }
        return true;
    }

    session_ptr load(std::string_view sid) { return wait(store->load(sid)).value(); }
    long long asked() { return server->calls("get"); }

    std::optional<redis_server> server;
};

task<void> load_into(session_store& s, std::string_view sid, std::vector<session_ptr>& out) {
    out.push_back((co_await s.load(sid)).value());
}

TEST_F(cached_store, answers_from_memory_what_it_has_seen) {
    start_real();
    EXPECT_FALSE(store->find("a"));
    server->raw({"SET", "sess:a", value, "EX", "100"});
    EXPECT_FALSE(store->find("a"));
    const session_ptr s = load("a");
    ASSERT_TRUE(s);
    EXPECT_EQ(store->find("a"), s) << "the same, not a copy";
    EXPECT_NEAR(double(s->ttl->count()), 100e3, 3e3);
    const auto before = asked();
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(store->find("a"));
    EXPECT_EQ(asked(), before);
    EXPECT_EQ(metric("vestibule_near_cache_hits_total"), 1001);
}

TEST_F(cached_store, forgets_what_others_change) {
    start_real();
    const std::vector<std::string> changes[] = {
        {"SET", "sess:a", R"({"cookie":{},"n":2})"},
        {"DEL", "sess:a"},
        {"EXPIRE", "sess:a", "50"},
        {"PERSIST", "sess:a"},
        {"FLUSHDB"},
        {"FLUSHALL"},
        {"RENAME", "sess:a", "sess:b"},
        {"UNLINK", "sess:a"},
        {"APPEND", "sess:a", " "},
        {"PEXPIRE", "sess:a", "1"},
    };
    for (const auto& c : changes) {
        server->raw({"SET", "sess:a", value, "EX", "100"});
        ASSERT_TRUE(until([&] { return load("a") && store->find("a"); })) << c[0];
        server->raw(c);
        EXPECT_TRUE(until([&] { return !store->find("a"); }, 500ms)) << c[0];
    }
}

TEST_F(cached_store, forgets_what_is_written_here_at_once) {
    start_real();
    const auto put = [&] {
        server->raw({"SET", "sess:a", value, "EX", "100"});
        ASSERT_TRUE(until([&] { return load("a") && store->find("a"); }));
    };
    put();
    EXPECT_EQ(wait(store->compare_and_set("a", value, R"({"cookie":{},"n":3})")).value(),
              write_outcome::done);
    EXPECT_FALSE(store->find("a"));
    EXPECT_EQ(load("a")->value, R"({"cookie":{},"n":3})");
    put();
    EXPECT_TRUE(wait(store->destroy("a")).value().existed);
    EXPECT_FALSE(store->find("a"));
    EXPECT_FALSE(load("a"));
}

TEST_F(cached_store, asks_once_however_many_wait) {
    start_real();
    server->raw({"SET", "sess:a", value});
    const auto before = asked();
    std::vector<session_ptr> got;
    std::vector<task<void>> all;
    for (int i = 0; i < 100; ++i) all.push_back(load_into(*store, "a", got));
    run_all(io, std::move(all));
    EXPECT_EQ(got.size(), 100u);
    for (const auto& s : got) EXPECT_TRUE(s);
    EXPECT_EQ(asked() - before, 1);
}

TEST_F(cached_store, who_waited_for_an_absence_asks_again) {
    start_real();
    const auto before = asked();
    std::vector<session_ptr> got;
    std::vector<task<void>> all;
    for (int i = 0; i < 100; ++i) all.push_back(load_into(*store, "a", got));
    run_all(io, std::move(all));
    EXPECT_EQ(got.size(), 100u);
    EXPECT_EQ(asked() - before, 2) << "the session may have been made after the first was asked for";
    EXPECT_FALSE(store->find("a"));
    server->raw({"SET", "sess:a", value});
    EXPECT_TRUE(load("a")) << "absence is never remembered";
}

TEST_F(cached_store, a_touch_leaves_the_session_at_hand) {
    start_real();
    server->raw({"SET", "sess:a", value, "EX", "100"});
    const session_ptr old = load("a");
    EXPECT_EQ(wait(store->touch("a", 500s)).value(), write_outcome::done);
    ASSERT_TRUE(until([&] { return store->find("a") && store->find("a") != old; }));
    EXPECT_NEAR(double(store->find("a")->ttl->count()), 500e3, 3e3);
    EXPECT_EQ(asked(), 2);
    EXPECT_EQ(wait(store->touch("gone", 500s)).value(), write_outcome::absent);
}

TEST_F(cached_store, bridges_an_outage_for_max_stale_and_no_longer) {
    params.near_cache.max_stale = 1s;
    start_real(200ms);
    server->raw({"SET", "sess:a", value});
    ASSERT_TRUE(load("a"));
    server->end();
    const auto died = std::chrono::steady_clock::now();
    int bridged = 0;
    auto begun = died, last = died;
    while (wait(store->load("a"))) {
        ++bridged;
        last = std::exchange(begun, std::chrono::steady_clock::now());
    }
    EXPECT_GT(bridged, 10);
    EXPECT_LE(last - died, 1s);
    EXPECT_EQ(metric("vestibule_near_cache_open"), 0);
    EXPECT_FALSE(store->find("a"));
    EXPECT_GE(metric("vestibule_near_cache_stale_total"), 10);
    server->start();
    EXPECT_TRUE(until([&] { return metric("vestibule_near_cache_open") == 1; })) << "and heals";
    EXPECT_FALSE(load("a"));
}

TEST_F(cached_store, a_silent_redis_is_believed_for_max_stale_and_no_longer) {
    params.near_cache.max_stale = 1s;
    start_real();
    server->raw({"SET", "sess:a", value});
    ASSERT_TRUE(load("a"));
    server->freeze();
    const auto frozen = std::chrono::steady_clock::now();
    auto begun = frozen, last = frozen;
    EXPECT_TRUE(until([&] {
        last = std::exchange(begun, std::chrono::steady_clock::now());
        return !store->find("a");
    }));
    EXPECT_LE(last - frozen, 1s);
    EXPECT_GE(begun - frozen, 800ms) << "the last heartbeat was a tenth of it ago at the most";
    server->thaw();
    EXPECT_TRUE(
        until([&] { return metric("vestibule_near_cache_open") == 1 && load("a") && store->find("a"); }));
}

TEST_F(cached_store, goes_on_without_where_tracking_is_refused) {
    const char* const rules[] = {"-client|tracking", "-client|id", "-subscribe", "-client"};
    for (const char* rule : rules) {
        if (rule == std::string("-subscribe") && store::reply_decoder::reads_resp3()) continue;
        if (rule == std::string("-client|id") && store::reply_decoder::reads_resp3()) continue;
        server.emplace();
        server->raw({"ACL", "SETUSER", "weak", "on", ">pw", "~*", "&*", "+@all", rule});
        params.near_cache.enabled = true;
        start("redis://weak:pw@127.0.0.1:" + std::to_string(server->port()));
        server->raw({"SET", "sess:a", value});
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(load("a")) << rule;
        until([] { return false; }, 300ms);
        EXPECT_EQ(metric("vestibule_near_cache_open"), 0) << rule;
        EXPECT_FALSE(store->find("a")) << rule;
        EXPECT_TRUE(load("a")) << rule;
        store.reset();
    }
}

TEST_F(cached_store, a_lost_channel_closes_it_until_tracking_is_armed_anew) {
    if (store::reply_decoder::reads_resp3()) GTEST_SKIP() << "RESP3 needs no channel";
    start_real();
    server->raw({"SET", "sess:a", value});
    ASSERT_TRUE(load("a") && store->find("a"));
    server->raw({"CLIENT", "KILL", "TYPE", "pubsub"});
    EXPECT_TRUE(until([&] { return metric("vestibule_near_cache_open") == 0; }));
    EXPECT_FALSE(store->find("a"));
    EXPECT_TRUE(load("a")) << "the connection that asks stands";
    EXPECT_TRUE(until([&] { return metric("vestibule_near_cache_open") == 1; }));
    EXPECT_TRUE(load("a") && store->find("a"));
    server->raw({"SET", "sess:a", R"({"cookie":{},"n":2})"});
    EXPECT_TRUE(until([&] { return !store->find("a"); }, 500ms)) << "the new channel is the one that is told";
}

}  // namespace
}  // namespace vestibule::test

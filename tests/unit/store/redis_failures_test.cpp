// Connections that do not come, hang, or break: what the operations on them answer, and when.
#include "redis_rig.hpp"

#include "redis_server.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace vestibule::test {
namespace {

using words = fake_redis::words;
using peer = fake_redis::peer;

class redis_failures : public redis_rig {
  protected:
    static void pong(peer& p, const words&) { p.send("+PONG\r\n"); }
};

TEST_F(redis_failures, a_reply_cut_anywhere_is_never_an_absent_session) {
    const std::string whole = "$12\r\n{\"n\":\"12345\"\r\n:60000\r\n";
    for (std::size_t n = 0; n < whole.size(); ++n) {
        start();
        fake->on_command = [&](peer& p, const words& w) {
            if (w[0] != "PTTL") return;
            p.send(p.number == 1 ? whole.substr(0, n) : whole);
            if (p.number == 1) p.close();
        };
        const auto r = wait(store->load("a"));  // asked again on the next connection
        ASSERT_TRUE(r) << n << ": " << r.error().message();
        ASSERT_TRUE(*r) << n;
        EXPECT_EQ((*r)->value, "{\"n\":\"12345\"") << n;
        EXPECT_EQ((*r)->ttl, 60000ms) << n;
        EXPECT_EQ(fake->count("GET"), 2u) << n;
    }
}

TEST_F(redis_failures, a_reply_cut_every_time_is_an_error) {
    const std::string whole = "$-1\r\n:-2\r\n";
    for (std::size_t n = 0; n < whole.size(); ++n) {
        start();
        fake->on_command = [&](peer& p, const words& w) {
            if (w[0] != "PTTL") return;
            p.send(whole.substr(0, n));
            p.close();
        };
        const auto r = wait(store->load("a"));
        ASSERT_FALSE(r) << n;
        EXPECT_EQ(r.error(), errc::store_unavailable) << n;
        EXPECT_EQ(fake->count("GET"), 2u) << n;
    }
}

TEST_F(redis_failures, only_what_may_be_asked_twice_is) {
    const auto close = [](peer& p, const words&) { p.close(); };
    const auto count = [&] {
        EXPECT_EQ(fake->connections, 1u + (fake->seen.size() > 1 ? 1 : 0));
        return fake->seen.size();
    };
    start();
    fake->on_command = close;
    EXPECT_EQ(wait(store->create("a", "v", 60s)).error(), errc::store_unavailable);
    EXPECT_EQ(count(), 1u);
    start();
    fake->on_command = close;
    EXPECT_EQ(wait(store->compare_and_set("a", "v", "w")).error(), errc::store_unavailable);
    EXPECT_EQ(count(), 1u);
    start();
    fake->on_command = close;
    EXPECT_EQ(wait(store->touch("a", 60s)).error(), errc::store_unavailable);
    EXPECT_EQ(count(), 2u);
    start();
    fake->on_command = close;
    EXPECT_EQ(wait(store->destroy("a")).error(), errc::store_unavailable);
    EXPECT_EQ(count(), 2u);
    start();
    fake->on_command = close;
    EXPECT_EQ(wait(store->ping()).error(), errc::store_unavailable);
    EXPECT_EQ(count(), 2u);
}

TEST_F(redis_failures, a_slow_answer_times_out_and_is_not_taken_for_the_next_one) {
    start(300ms);
    fake->echoes = false;
    fake->on_command = pong;
    EXPECT_TRUE(wait(store->ping()));
    // Something keeps coming, so the connection is kept.
    fake->on_command = [](peer& p, const words& w) {
        if (w[0] == "GET" && w[1] == "sess:slow") {
            p.later(200ms, [](peer& q) {
                q.send("$4\r\n");
                q.later(250ms, [](peer& r) {
                    r.send("slow\r\n:1\r\n$4\r\nslow\r\n");
                    r.send("$4\r\nfast\r\n:2\r\n$4\r\nfast\r\n");
                });
            });
        }
    };
    error_code slow;
    session_ptr fast;
    const auto took = elapsed([&] { slow = wait(store->load("slow")).error(); });
    EXPECT_EQ(slow, errc::store_timeout);
    EXPECT_GE(took, 290ms);
    EXPECT_LT(took, 450ms);
    fast = wait(store->load("fast")).value();
    ASSERT_TRUE(fast);
    EXPECT_EQ(fast->value, "fast");
    EXPECT_EQ(fake->connections, 1u);
}

TEST_F(redis_failures, a_silent_connection_is_given_up) {
    start(200ms);
    fake->on_command = [](peer& p, const words& w) {
        if (p.number > 1) pong(p, w);
    };
    error_code ec;
    const auto took = elapsed([&] { ec = wait(store->create("a", "v", 60s)).error(); });
    EXPECT_EQ(ec, errc::store_timeout);
    EXPECT_GE(took, 190ms);
    EXPECT_LT(took, 400ms);
    run_for(io, 10ms);
    EXPECT_LT(elapsed([&] { ec = wait(store->ping()).error(); }), 20ms) << "nobody waits for it any more";
    EXPECT_EQ(ec, errc::store_unavailable);
    EXPECT_EQ(metric("vestibule_store_breaker_open"), 1);
    run_for(io, 200ms);
    EXPECT_TRUE(wait(store->ping()));
    EXPECT_EQ(metric("vestibule_store_breaker_open"), 0);
    EXPECT_EQ(fake->connections, 2u);
    EXPECT_EQ(metric("vestibule_store_reconnects_total"), 1);
}

task<void> ask(session_store& s, std::vector<error_code>& out) {
    const auto r = co_await s.load("a");
    out.push_back(r ? error_code() : r.error());
}

TEST_F(redis_failures, too_many_operations_in_flight_are_refused_at_once) {
    params.max_waiting = 50;
    start(300ms);
    std::vector<error_code> answers;
    std::vector<task<void>> tasks;
    for (int i = 0; i < 80; ++i) tasks.push_back(ask(*store, answers));
    run_all(io, std::move(tasks));
    ASSERT_EQ(answers.size(), 80u);
    for (int i = 0; i < 30; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)], errc::store_overloaded);
    for (std::size_t i = 30; i < 80; ++i) EXPECT_EQ(answers[i], errc::store_timeout) << i;
    EXPECT_EQ(metric("vestibule_store_errors_total", "overloaded"), 30);
    fake->on_command = [](peer& p, const words& w) { p.send(w[0] == "GET" ? "$-1\r\n" : ":-2\r\n"); };
    run_for(io, 200ms);
    EXPECT_TRUE(wait(store->load("a")));
}

TEST_F(redis_failures, too_many_bytes_unsent_are_refused) {
    start(1s);
    fake->on_command = pong;
    EXPECT_TRUE(wait(store->ping()));
    fake->on_command = [](peer& p, const words&) { p.close(); };
    const std::string big(8 * 1024 * 1024, 'x');
    std::vector<error_code> answers;
    std::vector<task<void>> tasks;
    const auto create = [](session_store& s, const std::string& v,
                           std::vector<error_code>& out) -> task<void> {
        const auto r = co_await s.create("a", v, 60s);
        out.push_back(r ? error_code() : r.error());
    };
    for (int i = 0; i < 10; ++i) tasks.push_back(create(*store, big, answers));
    run_all(io, std::move(tasks));
    EXPECT_EQ(std::count(answers.begin(), answers.end(), error_code(errc::store_overloaded)), 3);
}

TEST_F(redis_failures, a_server_that_is_not_there_fails_fast_and_is_found_when_it_comes) {
    const auto port = free_port();
    start("redis://127.0.0.1:" + std::to_string(port), 100ms);
    run_for(io, 1200ms);  // until the pauses are longer than the timeout
    error_code ec;
    bool at_once = false;
    for (int i = 0; i < 5; ++i) {
        at_once = elapsed([&] { ec = wait(store->ping()).error(); }) < 50ms || at_once;
        EXPECT_EQ(ec, errc::store_unavailable);
    }
    EXPECT_TRUE(at_once);
    fake = std::make_unique<fake_redis>(io, port);
    fake->on_command = pong;
    bool served = false;
    const auto took = elapsed([&] {
        while (!served) {
            run_for(io, 10ms);
            served = wait(store->ping()).has_value();
        }
    });
    EXPECT_LT(took, 2s);
}

TEST_F(redis_failures, an_operation_waits_for_the_first_connection) {
    const auto port = free_port();
    fake = std::make_unique<fake_redis>(io, port);
    fake->on_command = pong;
    start("redis://127.0.0.1:" + std::to_string(port));
    EXPECT_TRUE(wait(store->ping()));
    EXPECT_EQ(metric("vestibule_store_connected"), 1);
    EXPECT_EQ(metric("vestibule_store_reconnects_total"), 0);
    EXPECT_EQ(metric("vestibule_store_operation_duration_seconds", "ping"), 1);
}

TEST_F(redis_failures, destroying_it_ends_what_is_pending) {
    start();
    fake->on_command = pong;
    wait(store->ping());
    fake->on_command = nullptr;
    std::vector<error_code> answers;
    for (int i = 0; i < 3; ++i) detach(ask(*store, answers), fail_on);
    run_for(io, 50ms);
    EXPECT_EQ(fake->count("GET"), 3u);
    detach(ask(*store, answers), fail_on);  // not yet sent
    store.reset();
    EXPECT_EQ(answers, std::vector<error_code>(4, errc::store_unavailable));
}

TEST_F(redis_failures, destroying_it_ends_what_waits_for_a_connection) {
    start();
    std::vector<error_code> answers;
    detach(ask(*store, answers), fail_on);
    store.reset();
    EXPECT_EQ(answers, std::vector<error_code>{errc::store_unavailable});

    start("redis://127.0.0.1:" + std::to_string(free_port()));  // pausing
    run_for(io, 20ms);
    detach(ask(*store, answers), fail_on);
    store.reset();
    EXPECT_EQ(answers.size(), 2u);

    start();  // greeting
    fake->on_greeting = [](peer&, const words&) {};
    run_for(io, 50ms);
    detach(ask(*store, answers), fail_on);
    store.reset();
    EXPECT_EQ(answers, std::vector<error_code>(3, errc::store_unavailable));
}

TEST_F(redis_failures, an_idle_connection_closed_by_the_server_is_no_news) {
    start();
    fake->on_command = [](peer& p, const words&) {
        p.send("+PONG\r\n");
        p.later(20ms, [](peer& q) { q.close(); });
    };
    wait(store->ping());
    testing::internal::CaptureStderr();
    run_for(io, 200ms);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(fake->connections, 2u);
    EXPECT_TRUE(wait(store->ping()));
}

TEST_F(redis_failures, a_connection_out_of_step_is_given_up) {
    start(100ms);
    // Each answer is completed only with the next question, so that all come one too late.
    fake->on_command = [](peer& p, const words&) {
        if (p.number > 1) return p.send("+OK\r\n");
        p.send("K\r\n+O");
    };
    fake->on_greeting = [](peer& p, const words&) { p.send(p.number > 1 ? "+OK\r\n" : "+OK\r\n+O"); };
    int failed = 0;
    while (failed < 20 && !wait(store->create("a", "v", 60s))) {
        ++failed;
        run_for(io, 5ms);
    }
    EXPECT_LE(failed, 12);
    EXPECT_EQ(fake->connections, 2u);
}

TEST_F(redis_failures, an_error_that_no_redis_makes_ends_the_connection) {
    for (const auto& [text, connections] :
         {std::pair("-ERR some error of a Redis\r\n", 1u), std::pair("-OOM command not allowed\r\n", 1u),
          std::pair("-WHAT is this\r\n", 2u), std::pair("-what is this\r\n", 2u)}) {
        start(1s);
        fake->on_command = [text = text](peer& p, const words& w) {
            p.send(w[0] == "SET" ? text : "+PONG\r\n");
        };
        ASSERT_TRUE(wait(store->ping()));
        EXPECT_EQ(wait(store->create("a", "v", 60s)).error(), errc::store_refused) << text;
        EXPECT_TRUE(wait(store->ping())) << text;
        EXPECT_EQ(fake->connections, connections) << text;
    }
}

TEST_F(redis_failures, the_breaker_opens_after_three_attempts_and_closes_by_itself) {
    start(600ms);
    fake->on_command = pong;
    ASSERT_TRUE(wait(store->ping()));
    const auto port = fake->port();
    fake.reset();
    // Somebody who came while it was unknown has waited for the attempts, and no longer.
    error_code ec;
    EXPECT_LT(elapsed([&] { ec = wait(store->ping()).error(); }), 1s);
    EXPECT_EQ(ec, errc::store_unavailable);
    EXPECT_EQ(metric("vestibule_store_breaker_open"), 1);
    for (int i = 0; i < 100; ++i) EXPECT_LT(elapsed([&] { ec = wait(store->load("a")).error(); }), 20ms);
    fake = std::make_unique<fake_redis>(io, port);
    fake->on_command = pong;
    run_for(io, 700ms);
    EXPECT_EQ(metric("vestibule_store_breaker_open"), 0);
    EXPECT_TRUE(wait(store->ping()));
}

TEST_F(redis_failures, who_is_no_primary_any_more_is_left_and_the_write_goes_to_the_next) {
    start(5s);
    fake->on_command = [](peer& p, const words& w) {
        if (w[0] == "PING") return p.send("+PONG\r\n");
        p.send(p.number == 1 ? "-READONLY You can't write against a read only replica.\r\n" : "+OK\r\n");
    };
    ASSERT_TRUE(wait(store->ping()));
    // A connection that has just been made is not given up for it: such a server may stay as it is.
    EXPECT_EQ(wait(store->create("a", "v", 60s)).error(), errc::store_refused);
    run_for(io, 2s);
    EXPECT_EQ(fake->connections, 1u);
    const auto created = wait(store->create("a", "v", 60s));
    ASSERT_TRUE(created) << created.error().message();
    EXPECT_EQ(*created, write_outcome::done);
    EXPECT_EQ(fake->connections, 2u);
    EXPECT_EQ(fake->count("SET"), 3u);
}

TEST_F(redis_failures, what_a_slow_server_cannot_do_in_time_is_refused_at_once) {
    start(200ms);
    fake->echoes = false;
    int pending = 0;
    // One answer each 10 ms, whatever is asked.
    std::function<void(peer&)> next = [&](peer& p) {
        if (pending == 0) return;
        --pending;
        p.send("$1\r\nv\r\n:1000\r\n$1\r\na\r\n");
        p.later(10ms, [&](peer& q) { next(q); });
    };
    fake->on_command = [&](peer& p, const words& w) {
        if (w[0] != "ECHO") return;
        if (pending++ == 0) p.later(10ms, [&](peer& q) { next(q); });
    };
    const auto offered = [&](int count) {
        std::vector<error_code> answers;
        std::vector<task<void>> tasks;
        for (int i = 0; i < count; ++i) tasks.push_back(ask(*store, answers));
        run_all(io, std::move(tasks));
        return answers;
    };
    const auto first = offered(500);  // 20 of them can be answered
    EXPECT_GT(std::count(first.begin(), first.end(), errc::store_timeout), 400);
    run_for(io, 100ms);
    const auto second = offered(500);
    EXPECT_GT(std::count(second.begin(), second.end(), errc::store_overloaded), 400);
    EXPECT_GT(metric("vestibule_store_refused_early_total"), 400);
    EXPECT_EQ(fake->connections, 1u);
}

}  // namespace
}  // namespace vestibule::test

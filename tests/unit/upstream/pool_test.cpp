#include "memory_stream.hpp"

#include <vestibule/upstream/pool.hpp>

#include <gtest/gtest.h>

namespace vestibule::upstream {
namespace {

using test::fail_plan;
using test::memory_stream;
using test::stream_record;

struct scene {
    explicit scene(milliseconds idle_timeout = std::chrono::seconds(55))
        : p(io, sweeper, params(idle_timeout), metrics, [this] { return connect(); }) {}

    static upstream_params params(milliseconds idle_timeout) {
        return {.backend = {.url = "http://a", .host = "a", .port = 80, .unix_path = {}},
                .idle_timeout = idle_timeout};
    }

    task<result<std::unique_ptr<net::byte_stream>>> connect() {
        if (refuse) co_return errc::connect_failed;
        auto record = std::make_shared<stream_record>();
        record->end_after_input = false;
        made.push_back(record);
        co_return std::unique_ptr<net::byte_stream>(std::make_unique<memory_stream>(io, record, plan));
    }

    result<lease> acquire(reuse how) {
        result<lease> out = errc::shutting_down;
        const auto run = [](pool& from, reuse r, result<lease>& to) -> task<void> {
            to = co_await from.acquire(r);
        };
        detach(run(p, how, out), [](std::exception_ptr) { ADD_FAILURE(); });
        return out;
    }

    boost::asio::io_context io;
    net::deadline_sweeper sweeper{io};
    metrics_registry metrics;
    fail_plan plan;
    bool refuse = false;
    std::vector<std::shared_ptr<stream_record>> made;
    pool p;
};

TEST(pool, gives_the_most_recently_used_connection_out_again) {
    scene s;
    auto a = s.acquire(reuse::allowed).value();
    auto b = s.acquire(reuse::allowed).value();
    EXPECT_FALSE(a.reused);
    const net::byte_stream* second = b.stream.get();
    s.p.give_back(std::move(a));
    s.p.give_back(std::move(b));
    auto again = s.acquire(reuse::allowed).value();
    EXPECT_TRUE(again.reused);
    EXPECT_EQ(again.stream.get(), second);
    EXPECT_EQ(s.made.size(), 2u);
}

TEST(pool, looks_before_it_gives_out_where_asked) {
    scene s;
    s.p.give_back(s.acquire(reuse::allowed).value());
    s.made[0]->input.push_back("unexpected");
    EXPECT_FALSE(s.acquire(reuse::verified).value().reused);
    EXPECT_EQ(s.made.size(), 2u);
}

TEST(pool, never_means_a_fresh_one) {
    scene s;
    s.p.give_back(s.acquire(reuse::allowed).value());
    EXPECT_FALSE(s.acquire(reuse::never).value().reused);
    EXPECT_EQ(s.p.idle(), 1u);
}

TEST(pool, closes_what_was_idle_for_too_long) {
    scene s(milliseconds(50));
    s.p.give_back(s.acquire(reuse::allowed).value());
    s.io.run_for(milliseconds(400));
    EXPECT_EQ(s.p.idle(), 0u);
    EXPECT_TRUE(s.made[0]->closed);
}

TEST(pool, keeps_none_where_the_idle_timeout_is_off) {
    scene s(milliseconds(0));
    s.p.give_back(s.acquire(reuse::allowed).value());
    EXPECT_EQ(s.p.idle(), 0u);
}

TEST(pool, forgets_another_backends_connections_on_reload) {
    scene s;
    auto leased = s.acquire(reuse::allowed).value();
    s.p.give_back(s.acquire(reuse::allowed).value());
    upstream_params other = scene::params(std::chrono::seconds(55));
    s.p.reconfigure(other);  // the same backend
    EXPECT_EQ(s.p.idle(), 1u);
    other.backend.port = 81;
    s.p.reconfigure(other);
    EXPECT_EQ(s.p.idle(), 0u);
    s.p.give_back(std::move(leased));  // out when the backend changed
    EXPECT_EQ(s.p.idle(), 0u);
}

TEST(pool, hands_on_why_it_could_not_connect) {
    scene s;
    s.refuse = true;
    EXPECT_EQ(s.acquire(reuse::allowed).error(), errc::connect_failed);
}

}  // namespace
}  // namespace vestibule::upstream

// A balancer whose backends are streams in memory. Their names are their hosts.
#pragma once

#include "memory_stream.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/upstream/balancer.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace vestibule::upstream::test {

using vestibule::test::fail_plan;
using vestibule::test::memory_stream;
using vestibule::test::stream_record;

struct waiter {
    std::optional<result<lease>> got;
    bool done = false;
};

struct scene {
    explicit scene(upstream_params p = {}, std::vector<std::string> names = {"a"})
        : params(with(std::move(p), names)),
          b(io, sweeper, params, board, metrics, {},
            [this](const endpoint_params& to, auto&&...) { return connect(to.host); }) {
        log::start({.min_level = log::level::off, .access = false});
    }
    ~scene() {
        for (waiter& w : waiters) w.got.reset();  // leases end before who has lent them
    }

    static upstream_params with(upstream_params p, const std::vector<std::string>& names) {
        p.backends.clear();
        for (const std::string& n : names)
            p.backends.push_back({.url = "http://" + n, .host = n, .port = 80, .unix_path = {}});
        return p;
    }

    task<result<std::unique_ptr<net::byte_stream>>> connect(std::string host) {
        ++connects[host];
        if (refusing.count(host) > 0) co_return errc::connect_failed;
        auto record = std::make_shared<stream_record>();
        record->end_after_input = false;
        made.push_back(record);
        co_return std::unique_ptr<net::byte_stream>(std::make_unique<memory_stream>(io, record, plan));
    }

    /// Goes on until it has a connection, or has to wait for one.
    waiter& begin(search& s) {
        waiter& w = waiters.emplace_back();
        const auto go = [](scene& at, search& way, waiter& to) -> task<void> {
            lease l = at.b.at_hand(way);
            if (l)
                to.got.emplace(std::move(l));
            else
                to.got.emplace(co_await at.b.acquire(way));
            to.done = true;
        };
        detach(go(*this, s, w), [](std::exception_ptr) { ADD_FAILURE(); });
        return w;
    }
    result<lease> acquire(search& s) {
        waiter& w = begin(s);
        if (!w.done) throw std::runtime_error("it has to wait");
        return std::move(*w.got);
    }
    lease lease_of(reuse how) {
        search s;
        s.how = how;
        return acquire(s).value();
    }
    void run() {
        io.restart();
        io.poll();
    }

    boost::asio::io_context io;
    net::deadline_sweeper sweeper{io};
    metrics_registry metrics;
    health_board board;
    fail_plan plan;
    std::set<std::string> refusing;
    std::map<std::string, int> connects;
    std::vector<std::shared_ptr<stream_record>> made;
    std::deque<waiter> waiters;
    upstream_params params;
    struct last_turn {
        scene& s;
        ~last_turn() { s.run(); }
    } after_it{*this};  // what it has ended goes away then
    balancer b;
};

}  // namespace vestibule::upstream::test

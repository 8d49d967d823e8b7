// One worker in memory: clients and backends are scripted streams, the store is the embedded one.
//
//     scene s;
//     s.backend_answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
//     auto client = s.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
//     EXPECT_TRUE(client->written.starts_with("HTTP/1.1 200 OK\r\n"));
#pragma once

#include "memory_stream.hpp"
#include "server/connection.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/store/memory_store.hpp>

#include <deque>

namespace vestibule::server::test {

using vestibule::test::fail_plan;
using vestibule::test::memory_stream;
using vestibule::test::stream_record;

inline server_params basic_params() {
    server_params p;
    p.session.secrets = {"keyboard cat"};
    p.inject.headers.push_back({"X-Session-User", session::json_pointer::parse("/user/id").value()});
    return p;
}

class scene {
  public:
    explicit scene(server_params p = basic_params())
        : sessions(std::make_shared<store::memory_sessions>(1 << 20, real_clock(), metrics)),
          store(store::make_memory_store(sessions, metrics)),
          current(std::make_shared<const site>(std::move(p))),
          worker(std::in_place, io, current, *store, metrics, counts,
                 [this](auto&&...) { return connect(); }) {
        log::start({.min_level = log::level::off, .access = false});
    }

    /// The next connection to the backend will read this, element by element, then the end.
    std::shared_ptr<stream_record> backend_answers(std::deque<std::string> pieces) {
        auto record = std::make_shared<stream_record>();
        record->input = std::move(pieces);
        backends.push_back(record);
        return record;
    }

    /// A client connection that sends these pieces and then ends; returns when the worker is done with it.
    std::shared_ptr<stream_record> request(std::deque<std::string> pieces) {
        auto record = std::make_shared<stream_record>();
        record->input = std::move(pieces);
        begin(record);
        // The sweeper's timer keeps the loop alive as long as there are deadlines; connections are not.
        while (worker->first != nullptr) io.run_one();
        return record;
    }
    std::shared_ptr<stream_record> request(std::string piece) {
        return request(std::deque{std::move(piece)});
    }

    /// A client connection over this record, which the test goes on with; see run_until().
    void begin(const std::shared_ptr<stream_record>& record) {
        connection::start(
            std::make_unique<connection>(*worker, std::make_unique<memory_stream>(io, record, plan),
                                         http::ip_address::parse("192.0.2.7").value(), "192.0.2.7"));
    }

    /// Lets the worker work until it is so. False: not in time.
    template <class Condition>
    bool run_until(Condition c, milliseconds limit = seconds(5)) {
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!c()) {
            if (std::chrono::steady_clock::now() >= end) return false;
            io.restart();
            io.run_one_for(milliseconds(5));
        }
        return true;
    }

    /// The value of the cookie of a stored session.
    std::string log_in(const std::string& sid, const std::string& members = R"("user":{"id":7})") {
        static_cast<void>(
            sessions->create(sid, R"({"cookie":{"originalMaxAge":3600000},)" + members + "}", seconds(3600)));
        return current->signer.sign(sid);
    }

    boost::asio::io_context io;
    metrics_registry metrics;
    process_counts counts;
    std::shared_ptr<store::memory_sessions> sessions;
    std::unique_ptr<session::session_store> store;
    std::shared_ptr<const site> current;
    std::deque<std::shared_ptr<stream_record>> backends;  // next to be connected to first
    int connects = 0;
    fail_plan plan;
    std::optional<worker_state> worker;

  private:
    task<result<std::unique_ptr<net::byte_stream>>> connect() {
        ++connects;
        if (plan.fails() || backends.empty()) co_return errc::connect_failed;
        auto record = backends.front();
        backends.pop_front();
        co_return std::unique_ptr<net::byte_stream>(std::make_unique<memory_stream>(io, record, plan));
    }
};

}  // namespace vestibule::server::test

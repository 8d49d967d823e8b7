#include <vestibule/net/connect.hpp>

#include <vestibule/net/event_loop.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <optional>
#include <vector>

namespace vestibule::net {
namespace {

using generic_endpoint = asio::generic::stream_protocol::endpoint;
using resolver = asio::ip::basic_resolver<asio::ip::tcp, executor>;

task<std::vector<generic_endpoint>> resolve(asio::io_context& io, const endpoint& to, timer& deadline) {
    std::vector<generic_endpoint> found;
    if (!to.unix_path.empty()) {
        if (to.unix_path.size() < 108)
            found.emplace_back(asio::local::stream_protocol::endpoint(to.unix_path));
        co_return found;
    }
    error_code ec;
    if (const auto address = asio::ip::make_address(to.host, ec); !ec) {
        found.emplace_back(asio::ip::tcp::endpoint(address, to.port));
        co_return found;
    }
    // The resolver's answer and the deadline race; whichever is later finds the state still there.
    struct shared {
        explicit shared(asio::io_context& context) : r(context) {}
        resolver r;
        std::vector<generic_endpoint> found;
        std::coroutine_handle<> waiter;
    };
    auto state = std::make_shared<shared>(io);
    struct awaiter {
        std::shared_ptr<shared> s;
        const endpoint& to;
        timer& deadline;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            s->waiter = h;
            s->r.async_resolve(to.host, std::to_string(to.port),
                               [s = s](const error_code&, const auto& results) {
                                   for (const auto& entry : results) s->found.emplace_back(entry.endpoint());
                                   if (auto w = std::exchange(s->waiter, {})) w.resume();
                               });
            deadline.async_wait([s = s](const error_code& e) {
                if (e) return;
                if (auto w = std::exchange(s->waiter, {})) w.resume();
            });
        }
        void await_resume() const noexcept {}
    };
    // Named: g++ 12 destroys a brace-initialised awaited temporary twice.
    awaiter answer{state, to, deadline};
    co_await answer;
    deadline.cancel();
    co_return std::move(state->found);
}

struct connect_awaiter {
    stream_socket& socket;
    const generic_endpoint& to;
    timer& deadline;
    error_code ec;
    bool timed_out = false;
    int pending = 2;
    std::coroutine_handle<> waiter;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        waiter = h;
        socket.async_connect(to, [this](const error_code& e) {
            ec = e;
            deadline.cancel();
            finish();
        });
        deadline.async_wait([this](const error_code& e) {
            if (!e && pending == 2) {
                timed_out = true;
                error_code ignored;
                socket.close(ignored);
            }
            finish();
        });
    }
    void finish() {
        if (--pending == 0) waiter.resume();
    }
    void await_resume() const noexcept {}
};

}  // namespace

task<result<std::unique_ptr<byte_stream>>> connect(asio::io_context& io, endpoint to,
                                                   std::chrono::milliseconds timeout) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    timer deadline(io);
    deadline.expires_at(until);
    const std::vector<generic_endpoint> candidates = co_await resolve(io, to, deadline);
    for (const generic_endpoint& candidate : candidates) {
        stream_socket socket(io);
        error_code ec;
        socket.open(candidate.protocol(), ec);
        if (ec) continue;
        deadline.expires_at(until);
        connect_awaiter attempt{socket, candidate, deadline, {}, false, 2, {}};
        co_await attempt;
        if (attempt.timed_out) co_return errc::connect_timeout;
        if (attempt.ec) continue;
        if (to.unix_path.empty()) socket.set_option(asio::ip::tcp::no_delay(true), ec);
        co_return make_stream(std::move(socket));
    }
    if (std::chrono::steady_clock::now() >= until) co_return errc::connect_timeout;
    co_return errc::connect_failed;
}

}  // namespace vestibule::net

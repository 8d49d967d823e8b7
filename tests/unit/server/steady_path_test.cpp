// What an exchange costs in memory once everything is warm: nothing. Over real sockets, with a session that
// is at hand, as the near cache has it.
#include "count_allocations.hpp"
#include "server/connection.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/connect.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vestibule::server {
namespace {

// Every sid leads to one session, which is in memory.
class at_hand final : public session::session_store {
  public:
    session::session_ptr find(std::string_view) override { return s_; }
    task<result<session::session_ptr>> load(std::string_view) override {
        ADD_FAILURE() << "the store was asked";
        co_return s_;
    }
    task<result<session::write_outcome>> create(std::string_view, std::string_view,
                                                std::optional<seconds>) override {
        co_return session::write_outcome::done;
    }
    task<result<session::write_outcome>> compare_and_set(std::string_view, std::string_view,
                                                         std::string_view) override {
        co_return session::write_outcome::done;
    }
    task<result<session::write_outcome>> touch(std::string_view, seconds) override {
        co_return session::write_outcome::done;
    }
    task<result<session::destroyed>> destroy(std::string_view) override {
        co_return session::destroyed{.existed = true};
    }
    task<result<session::write_outcome>> retire(std::string_view, std::string_view, std::string_view, bool,
                                                milliseconds) override {
        co_return session::write_outcome::done;
    }
    task<result<std::vector<std::string>>> make_room(std::string_view, std::string_view,
                                                     std::size_t) override {
        co_return std::vector<std::string>();
    }
    task<result<session::write_outcome>> claim(std::string_view, std::string_view, milliseconds) override {
        co_return session::write_outcome::done;
    }
    task<result<std::size_t>> enlist(std::string_view, std::string_view, std::optional<seconds>) override {
        co_return std::size_t(1);
    }
    task<result<void>> delist(std::string_view, std::string_view) override { co_return result<void>(); }
    task<result<std::vector<std::string>>> sessions_of(std::string_view) override {
        co_return std::vector<std::string>{};
    }
    task<result<session::sid_page>> scan(std::string_view, std::size_t) override {
        co_return session::sid_page{};
    }
    task<result<void>> ping() override { co_return result<void>(); }

  private:
    session::session_ptr s_{new session::stored_session(
        R"({"cookie":{"originalMaxAge":86400000},"user":{"id":"u-000042","name":"Customer"},)"
        R"("vestibule":{"user":"u-000042"}})",
        std::chrono::hours(24), mono_now())};
};

server_params params() {
    server_params p;
    p.session.life.user = session::json_pointer::parse("/user/id").value();
    p.session.secrets = {"keyboard cat"};
    p.inject.headers.push_back({"X-Session-User", session::json_pointer::parse("/user/id").value()});
    policy::route_params account{.path = "/account/*", .session = policy::session_mode::required};
    account.require.push_back({.pointer = session::json_pointer::parse("/user/id").value(), .present = true});
    p.policy.routes.push_back(account);
    return p;
}

// A worker between two ends of real sockets, driven by hand.
class rig {
  public:
    explicit rig(server_params p)
        : site_(std::make_shared<const site>(std::move(p))),
          worker_(io_, site_, store_, metrics_, counts_, [this](auto&&...) { return connect(); }) {
        log::start({.min_level = log::level::off, .access = false});
        int client = -1;
        auto stream = pair(client);
        client_ = client;
        connection::start(std::make_unique<connection>(
            worker_, std::move(stream), http::ip_address::parse("192.0.2.7").value(), "192.0.2.7"));
    }
    ~rig() {
        ::close(client_);
        while (worker_.first != nullptr) io_.run_one();
        ::close(backend_);
    }

    // One exchange. False: something else than expected came.
    bool exchange(std::string_view request, std::string_view answer) {
        bool ok = ::send(client_, request.data(), request.size(), 0) == ssize_t(request.size());
        char buffer[8192];
        ok = ok && await(backend_, buffer) &&
             std::string_view(buffer).find("X-Session-User: u-000042") != std::string_view::npos;
        ok = ok && ::send(backend_, answer.data(), answer.size(), 0) == ssize_t(answer.size());
        return ok && await(client_, buffer) && std::string_view(buffer).starts_with("HTTP/1.1 200 OK\r\n");
    }

    std::string signed_cookie() const { return site_->signer.sign("1IkAcU7VcN1Zbn703u8WMj_Y9uE-athR"); }

  private:
    std::unique_ptr<net::byte_stream> pair(int& other_end) {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
            throw std::runtime_error("socketpair");
        other_end = fds[1];
        net::stream_socket s(io_);
        s.assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), fds[0]);
        return net::make_stream(std::move(s));
    }
    task<result<std::unique_ptr<net::byte_stream>>> connect() {
        auto stream = pair(backend_);
        co_return std::move(stream);
    }
    template <std::size_t N>
    bool await(const int& fd, char (&buffer)[N]) {
        for (int turns = 0; turns < 1000; ++turns) {
            const ssize_t n = ::recv(fd, buffer, N - 1, MSG_DONTWAIT);
            if (n > 0) {
                buffer[n] = '\0';
                return true;
            }
            io_.poll();
        }
        return false;
    }

    boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    metrics_registry metrics_;
    process_counts counts_;
    at_hand store_;
    std::shared_ptr<const site> site_;
    worker_state worker_;
    int client_ = -1, backend_ = -1;
};

// Beside the session: what other sites may do, and how much one address.
server_params guarded_params() {
    server_params p = params();
    p.csrf.mode = policy::csrf_mode::origin;
    p.cors.allow_origins = {"https://app.example.test"};
    p.flood = {.new_sessions = 10, .failed_cookies = 10};
    return p;
}

// `signs`: a token for each request but GET.
void expect_no_allocation(server_params p, bool signs = false) {
    rig r(std::move(p));
    const std::string cookie = "theme=dark; vestibule.sid=" + r.signed_cookie() + "; locale=en-GB\r\n";
    const std::string request =
        "GET /account/orders/2026?page=2&sort=date HTTP/1.1\r\nHost: shop.example.test\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9\r\nAccept-Language: en-US,en;q=0.5\r\n"
        "Accept-Encoding: gzip, deflate, br, zstd\r\nOrigin: https://app.example.test\r\nCookie: " +
        cookie + "\r\n";
    const std::string post =
        "POST /account/orders HTTP/1.1\r\nHost: shop.example.test\r\nContent-Length: 5\r\n"
        "Origin: https://app.example.test\r\nReferer: https://app.example.test/orders\r\nCookie: " +
        cookie + "\r\nhello";
    const std::string page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello";
    const std::string pieces = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    const struct {
        const char* name;
        const std::string &request, &answer;
    } exchanges[] = {{"page", request, page}, {"post", post, page}, {"chunked", request, pieces}};
    for (const auto& e : exchanges) {
        if (signs && &e.request == &post) continue;
        for (int warm = 0; warm < 20; ++warm) ASSERT_TRUE(r.exchange(e.request, e.answer)) << e.name;
        bool ok = true;
        const std::size_t n = test::count_allocations([&] {
            for (int i = 0; i < 1000; ++i) ok = ok && r.exchange(e.request, e.answer);
        });
        EXPECT_TRUE(ok) << e.name;
#if defined(__SANITIZE_ADDRESS__)
        static_cast<void>(n);  // each frame is an allocation of its own there, so that use after free is seen
#else
        EXPECT_EQ(n, 0u) << e.name << ": allocations in 1,000 exchanges";
#endif
    }
}

TEST(steady_path, allocates_nothing) {
    expect_no_allocation(params());
}

TEST(steady_path, allocates_nothing_with_every_guard_on) {
    expect_no_allocation(guarded_params());
}

TEST(steady_path, allocates_nothing_to_send_an_assertion_again) {
    server_params p = params();
    p.assertion.enabled = true;
    p.assertion.keys = {std::string(32, 'k')};
    expect_no_allocation(std::move(p), true);
}

}  // namespace
}  // namespace vestibule::server

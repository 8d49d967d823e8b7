#include "localhost.hpp"
#include "memory_stream.hpp"

#include <vestibule/base/clock.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/net/connect.hpp>

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/socket.h>
#include <unistd.h>

namespace vestibule::net {
namespace {

using test::fail_plan;
using test::memory_stream;
using test::stream_record;

task<void> write_three(byte_stream& s, error_code& out) {
    const std::string a = "one", b = "", c = "three";
    out = co_await write_all(s, asio::buffer(a), asio::buffer(b), asio::buffer(c));
}

TEST(write_all, writes_everything_however_little_is_taken_at_once) {
    for (const std::size_t limit : {1u, 2u, 3u, 7u, 100u}) {
        asio::io_context io;
        fail_plan plan;
        auto record = std::make_shared<stream_record>();
        record->write_limit = limit;
        memory_stream s(io, record, plan);
        error_code ec = errc::shutting_down;
        detach(write_three(s, ec));
        io.run();
        EXPECT_FALSE(ec);
        EXPECT_EQ(record->written, "onethree") << limit;
    }
}

TEST(write_all, tells_an_error_at_any_piece) {
    for (int n = 0; n < 8; ++n) {
        asio::io_context io;
        fail_plan plan{.fail_at = n};
        auto record = std::make_shared<stream_record>();
        record->write_limit = 1;
        memory_stream s(io, record, plan);
        error_code ec;
        detach(write_three(s, ec));
        io.run();
        EXPECT_EQ(ec, plan.with) << n;
        EXPECT_EQ(record->written, std::string("onethree").substr(0, std::size_t(n)));
    }
}

// Counts how often it is told.
struct told : io_completion {
    told() : io_completion(&wake) {}
    static void wake(io_completion& c) { ++static_cast<told&>(c).times; }
    int times = 0;
};

struct socket_pair {
    explicit socket_pair(asio::io_context& io) {
        int fds[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
            throw std::runtime_error("socketpair");
        stream_socket s(io);
        s.assign(asio::generic::stream_protocol(AF_UNIX, 0), fds[0]);
        stream = make_stream(std::move(s));
        other = fds[1];
    }
    ~socket_pair() {
        if (other >= 0) ::close(other);
    }
    std::unique_ptr<byte_stream> stream;
    int other = -1;
};

TEST(watch_end, is_told_once_and_behind_unread_data) {
    for (const bool gone : {false, true}) {
        asio::io_context io;
        const auto turn = [&io] {
            for (int i = 0; i < 5; ++i) {
                io.restart();
                io.poll();
            }
        };
        socket_pair watched(io), read(io);
        told end, data;
        char byte;
        read.stream->start_read(asio::buffer(&byte, 1), data);  // somebody has to wait for something
        EXPECT_FALSE(watched.stream->watch_end(&end));
        ASSERT_EQ(::send(watched.other, "x", 1, 0), 1);
        turn();
        EXPECT_EQ(end.times, 0);
        EXPECT_FALSE(watched.stream->peer_closed());
        if (gone)
            ::close(std::exchange(watched.other, -1));
        else
            ::shutdown(watched.other, SHUT_WR);
        turn();
        EXPECT_EQ(end.times, 1);
        EXPECT_EQ(end.result.ec, gone ? asio::error::connection_reset : error_code(asio::error::eof));
        EXPECT_TRUE(watched.stream->peer_closed()) << "though there is a byte to read";
        EXPECT_TRUE(watched.stream->watch_end(&end)) << "it has ended already";
        turn();
        EXPECT_EQ(end.times, 1);
        read.stream->close();
        turn();
    }
}

TEST(watch_end, nobody_is_told_who_does_not_want_to_know) {
    asio::io_context io;
    socket_pair watched(io), read(io);
    told end, data;
    char byte;
    read.stream->start_read(asio::buffer(&byte, 1), data);
    watched.stream->watch_end(&end);
    watched.stream->watch_end(nullptr);
    ::close(std::exchange(watched.other, -1));
    for (int i = 0; i < 5; ++i) {
        io.restart();
        io.poll();
    }
    EXPECT_EQ(end.times, 0);
    read.stream->close();
    io.restart();
    io.poll();
}

struct opened {
    result<std::unique_ptr<byte_stream>> stream = errc::shutting_down;
};

task<void> open(asio::io_context& io, endpoint to, milliseconds limit, opened& out) {
    out.stream = co_await connect(io, std::move(to), limit);
}

TEST(connect, reaches_a_listener_by_name_address_and_path) {
    asio::io_context io;
    asio::ip::tcp::acceptor tcp(io, {asio::ip::address_v4::loopback(), 0});
    const std::string path = "/tmp/vestibule_net_test_" + std::to_string(::getpid());
    asio::local::stream_protocol::acceptor local(io, path);
    const std::uint16_t port = tcp.local_endpoint().port();
    std::vector<endpoint> all{{"127.0.0.1", port, {}}, {{}, 0, path}};
    if (test::has_localhost()) all.push_back({"localhost", port, {}});
    for (const endpoint& to : all) {
        opened o;
        detach(open(io, to, seconds(2), o));
        io.restart();
        io.run();
        EXPECT_TRUE(o.stream.has_value()) << to.host << to.unix_path;
    }
    ::unlink(path.c_str());
}

TEST(connect, says_how_it_failed) {
    asio::io_context io;
    std::uint16_t closed_port;
    {
        asio::ip::tcp::acceptor a(io, {asio::ip::address_v4::loopback(), 0});
        closed_port = a.local_endpoint().port();
    }
    const endpoint failures[] = {
        {"127.0.0.1", closed_port, {}}, {{}, 0, "/nonexistent/socket"}, {{}, 0, std::string(200, 'x')}};
    for (const endpoint& to : failures) {
        opened o;
        detach(open(io, to, seconds(2), o));
        io.restart();
        io.run();
        EXPECT_EQ(o.stream.error(), errc::connect_failed) << to.unix_path;
    }
}

TEST(connect, gives_up_in_time) {
    // A listener whose queue is full answers no further connection.
    asio::io_context io;
    asio::ip::tcp::acceptor full(io);
    full.open(asio::ip::tcp::v4());
    full.bind({asio::ip::address_v4::loopback(), 0});
    full.listen(0);
    std::vector<asio::ip::tcp::socket> fillers;
    for (int i = 0; i < 4; ++i) {
        auto& s = fillers.emplace_back(io);
        s.open(asio::ip::tcp::v4());
        s.native_non_blocking(true);
        const auto to = full.local_endpoint();  // Asio's own connect would wait
        static_cast<void>(::connect(s.native_handle(), to.data(), socklen_t(to.size())));
    }
    opened o;
    const auto begin = std::chrono::steady_clock::now();
    detach(open(io, {"127.0.0.1", full.local_endpoint().port(), {}}, milliseconds(150), o));
    io.run();
    EXPECT_EQ(o.stream.error(), errc::connect_timeout);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(150));
}

}  // namespace
}  // namespace vestibule::net

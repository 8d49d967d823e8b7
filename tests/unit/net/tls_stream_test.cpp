// TLS over real sockets, both sides of it ours.
#include "certificates.hpp"

#include <vestibule/net/connect.hpp>
#include <vestibule/net/tls_server.hpp>
#include <vestibule/net/tls_stream.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <filesystem>
#include <functional>

namespace vestibule::net {
namespace {

task<void> shake(tls_stream& s, tls_outcome& out) {
    out = co_await s.handshake();
}

task<void> write_text(byte_stream& s, std::string_view a, std::string_view b, error_code& out) {
    out = co_await write_all(s, asio::buffer(a), asio::buffer(b));
}

task<void> read_text(byte_stream& s, std::size_t piece, std::string& out, error_code& ec) {
    std::string room(piece, '\0');
    for (;;) {
        const auto [e, n] = co_await read_some(s, asio::buffer(room));
        ec = e;
        if (e) co_return;
        out.append(room, 0, n);
    }
}

task<void> wait_for_input(byte_stream& s, error_code& out) {
    out = co_await wait_readable(s);
}

// A server with certificates of its own, and connections to it.
class rig {
  public:
    rig() {
        char name[] = "/tmp/vestibule-tls-stream-XXXXXX";
        directory = ::mkdtemp(name);
        params.identities = {identity("a", "DNS:a.test"), identity("b", "DNS:b.test,DNS:*.b.test")};
        client.reset(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_session_cache_mode(client.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    }
    ~rig() { std::filesystem::remove_all(directory); }

    tls_identity_params identity(const std::string& name, const std::string& names) {
        const auto c = authority.issue(names);
        tls_identity_params p{directory + "/" + name + ".pem", directory + "/" + name + ".key", {}};
        test::write_file(p.certificate, c.certificate);
        test::write_file(p.key, c.key);
        return p;
    }

    /// Connects; false: the handshake failed at one side at least.
    bool connect(tls_server& server, const char* host = nullptr, const char* alpn = nullptr,
                 SSL_SESSION* ticket = nullptr) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        const auto open = [&](int fd, ssl_ptr session) {
            stream_socket s(io);
            s.assign(asio::generic::stream_protocol(AF_UNIX, 0), fd);
            return std::make_unique<tls_stream>(make_stream(std::move(s)), std::move(session));
        };
        ssl_ptr asking(SSL_new(client.get()));
        SSL_set_connect_state(asking.get());
        if (host != nullptr) SSL_set_tlsext_host_name(asking.get(), host);
        if (alpn != nullptr)
            SSL_set_alpn_protos(asking.get(), reinterpret_cast<const unsigned char*>(alpn), 9);
        if (ticket != nullptr) SSL_set_session(asking.get(), ticket);
        const auto contexts = server.current();
        theirs = open(ends[0], std::move(asking));
        ours = open(ends[1], new_session(*contexts));
        their_outcome = our_outcome = {asio::error::would_block, 0};
        detach(shake(*theirs, their_outcome));
        detach(shake(*ours, our_outcome));
        run_until([&] {
            return their_outcome.ec != asio::error::would_block && our_outcome.ec != asio::error::would_block;
        });
        return !their_outcome.ec && !our_outcome.ec;
    }

    void run_until(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + seconds(30);
        while (!done() && std::chrono::steady_clock::now() < end) {
            io.restart();
            io.run_one_for(milliseconds(5));
        }
        EXPECT_TRUE(done());
    }

    /// Whether the server's certificate is for this name alone.
    bool got(const char* name) const {
        return X509_check_host(SSL_get0_peer_certificate(theirs->session()), name, 0, 0, nullptr) == 1;
    }

    asio::io_context io;
    test::certificate_authority authority;
    std::string directory;
    tls_server_params params;
    ssl_ctx_ptr client;
    std::unique_ptr<tls_stream> theirs, ours;
    tls_outcome their_outcome, our_outcome;
};

TEST(tls_stream, carries_everything_however_slowly_it_is_read) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    ASSERT_TRUE(r.connect(server));
    std::string big(3'000'000, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = char(i * 7 + i / 251);
    for (const std::size_t piece : {7u, 4096u, 100'000u}) {
        const std::string a = big.substr(0, piece * 20'000 < big.size() ? piece * 20'000 : big.size());
        std::string up, down;
        error_code up_read, down_read, up_write = asio::error::would_block,
                                       down_write = asio::error::would_block;
        detach(read_text(*r.ours, piece, up, up_read));
        detach(read_text(*r.theirs, piece, down, down_read));
        detach(write_text(*r.theirs, "head", a, up_write));
        detach(write_text(*r.ours, "other head", a, down_write));
        r.run_until([&] { return up.size() == a.size() + 4 && down.size() == a.size() + 10; });
        r.run_until([&] { return up_write != asio::error::would_block; });
        r.run_until([&] { return down_write != asio::error::would_block; });
        EXPECT_FALSE(up_write || down_write);
        EXPECT_TRUE(up == "head" + a && down == "other head" + a) << piece;
        r.ours->cancel();
        r.theirs->cancel();
        r.run_until([&] { return up_read && down_read; });
        EXPECT_EQ(up_read, asio::error::operation_aborted);
    }
}

TEST(tls_stream, tells_an_end_from_a_cut) {
    for (const bool cut : {false, true}) {
        rig r;
        tls_server server(r.params, make_ticket_keys(), "here");
        ASSERT_TRUE(r.connect(server));
        EXPECT_FALSE(r.ours->peer_closed());
        EXPECT_FALSE(r.ours->has_pending_input());
        std::string read;
        error_code ec;
        detach(read_text(*r.ours, 100, read, ec));
        if (cut) r.theirs->leave();  // its socket is closed, and nothing said
        if (!cut) r.theirs->close();
        r.run_until([&] { return bool(ec); });
        EXPECT_EQ(ec, cut ? error_code(asio::error::connection_reset) : error_code(asio::error::eof));
        EXPECT_TRUE(r.ours->peer_closed());
    }
}

TEST(tls_stream, notices_an_end_while_nobody_reads) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    ASSERT_TRUE(r.connect(server));
    EXPECT_FALSE(r.theirs->has_pending_input()) << "tickets are nothing to read";
    EXPECT_FALSE(r.theirs->peer_closed());
    r.ours->shutdown_send();
    EXPECT_TRUE(r.theirs->peer_closed());
    EXPECT_TRUE(r.theirs->has_pending_input());
    EXPECT_FALSE(r.ours->peer_closed());
}

TEST(tls_stream, wakes_who_waits_without_a_buffer) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    ASSERT_TRUE(r.connect(server));
    error_code waited = asio::error::would_block, written, ec;
    detach(wait_for_input(*r.ours, waited));
    for (int i = 0; i < 5; ++i) r.io.restart(), r.io.run_one_for(milliseconds(5));
    EXPECT_EQ(waited, asio::error::would_block);
    detach(write_text(*r.theirs, "hello", "", written));
    r.run_until([&] { return waited != asio::error::would_block; });
    EXPECT_FALSE(waited);

    waited = asio::error::would_block;
    detach(wait_for_input(*r.ours, waited));
    r.run_until([&] { return waited != asio::error::would_block; });  // it lies here already
    std::string read;
    detach(read_text(*r.ours, 3, read, ec));
    r.run_until([&] { return read == "hello"; });
    r.ours->close();
    r.run_until([&] { return bool(ec); });
}

TEST(tls_stream, may_go_while_somebody_waits) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    ASSERT_TRUE(r.connect(server));
    std::string read;
    error_code ec, written = asio::error::would_block;
    const std::string much(8 << 20, 'x');
    detach(read_text(*r.ours, 100, read, ec));
    detach(write_text(*r.ours, much, "", written));
    for (int i = 0; i < 5; ++i) r.io.restart(), r.io.run_one_for(milliseconds(5));
    EXPECT_EQ(written, asio::error::would_block) << "nobody reads";
    r.ours->close();
    r.run_until([&] { return ec && written != asio::error::would_block; });
    EXPECT_EQ(ec, asio::error::operation_aborted);
    EXPECT_TRUE(written);
    r.ours.reset();
}

TEST(tls_server, chooses_the_certificate_by_name) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    struct {
        const char* asked;
        const char* expected;
    } rows[] = {{nullptr, "a.test"},    {"a.test", "a.test"}, {"B.test", "b.test"},
                {"x.b.test", "b.test"}, {"c.test", "a.test"}, {"x.y.b.test", "a.test"}};
    for (const auto& [asked, expected] : rows) {
        ASSERT_TRUE(r.connect(server, asked));
        EXPECT_TRUE(r.got(expected)) << (asked ? asked : "none");
    }
}

TEST(tls_server, speaks_http_1_1_alone) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    EXPECT_TRUE(r.connect(server, nullptr, "\x08http/1.1"));
    EXPECT_FALSE(r.connect(server, nullptr, "\x08http/9.9"));
    EXPECT_EQ(failure_of(r.our_outcome.reason), tls_failure::alpn);
    EXPECT_EQ(failure_of(r.their_outcome.reason), tls_failure::alert);
}

TEST(tls_server, resumes_by_tickets_of_another_with_the_same_keys) {
    rig r;
    static std::vector<SSL_SESSION*> tickets;
    SSL_CTX_sess_set_new_cb(r.client.get(), [](SSL*, SSL_SESSION* s) {
        tickets.push_back(s);
        return 1;
    });
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(r.client.get(), version);
        const auto keys = make_ticket_keys();
        tls_server first(r.params, keys, "first"), second(r.params, keys, "second");
        tls_server stranger(r.params, make_ticket_keys(), "stranger");
        tls_server_params asks = r.params;
        asks.clients = client_certificates::optional;
        asks.client_ca = r.directory + "/a.pem";
        tls_server asking(asks, keys, "asking");
        ASSERT_TRUE(r.connect(first));
        EXPECT_FALSE(client_of(r.ours->session())->resumed);
        EXPECT_FALSE(r.theirs->has_pending_input());  // takes the tickets of TLS 1.3
        ASSERT_FALSE(tickets.empty());
        SSL_SESSION* const ticket = tickets.back();
        r.theirs->close();  // a cut would make it void
        struct {
            tls_server& at;
            bool resumed;
        } rows[] = {{first, true}, {second, true}, {stranger, false}, {asking, false}};
        int row = 0;
        for (const auto& [at, resumed] : rows) {
            SSL_SESSION* const copy = SSL_SESSION_dup(ticket);  // OpenSSL's client uses one of TLS 1.3 once
            ASSERT_TRUE(r.connect(at, nullptr, nullptr, copy));
            SSL_SESSION_free(copy);
            EXPECT_EQ(client_of(r.ours->session())->resumed, resumed) << version << ' ' << row;
            ++row;
            EXPECT_EQ(client_of(r.ours->session())->v1_3, version == TLS1_3_VERSION);
            r.theirs->close();
        }
        for (SSL_SESSION* s : tickets) SSL_SESSION_free(s);
        tickets.clear();
    }
}

TEST(tls_server, keeps_the_last_good_files) {
    rig r;
    tls_server server(r.params, make_ticket_keys(), "here");
    const auto good = server.current();
    ASSERT_TRUE(good);
    tls_server_params bad = r.params;
    bad.identities[0].key = r.directory + "/b.key";
    testing::internal::CaptureStderr();
    server.reconfigure(bad);
    EXPECT_EQ(server.current(), good);
    server.reconfigure(r.params);
    EXPECT_NE(server.current(), good);
    testing::internal::GetCapturedStderr();
    EXPECT_FALSE(tls_server(bad, make_ticket_keys(), "here").current());
}

}  // namespace
}  // namespace vestibule::net

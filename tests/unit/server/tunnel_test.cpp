// A tunnel between two streams in memory, and its end from here.
#include "server/tunnel.hpp"

#include "memory_stream.hpp"
#include "run_task.hpp"

#include <gtest/gtest.h>

namespace vestibule::server {
namespace {

using namespace std::string_literals;
using test::stream_record;

const std::string told = "\x88\x0f\x03\xf0session ended"s;  // a close frame 1008

// Whether it is the same with the mask of a client.
bool is_told_masked(std::string_view f) {
    if (f.size() != told.size() + 4 || f[0] != '\x88' || f[1] != '\x8f') return false;
    for (std::size_t i = 6; i < f.size(); ++i)
        if ((f[i] ^ f[2 + (i - 6) % 4]) != told[i - 4]) return false;
    return true;
}

struct rig {
    explicit rig(tunnel::kind k, milliseconds idle = milliseconds(0))
        : client(io, c, plan),
          backend(io, b, plan),
          t(client, client_in, backend, backend_in, sweeper, k, idle) {
        c->end_after_input = b->end_after_input = false;
        detach(run(), test::fail_on);
        settle();
    }
    ~rig() {
        client.close();
        backend.close();
        settle();
        EXPECT_TRUE(done);
    }
    task<void> run() {
        bytes = co_await t.run();
        done = true;
    }
    // Everything that is ready; no time passes.
    void settle() {
        io.restart();
        io.poll();
    }
    void wait(milliseconds time) { test::run_for(io, time); }

    boost::asio::io_context io;
    test::fail_plan plan;
    std::shared_ptr<stream_record> c = std::make_shared<stream_record>();
    std::shared_ptr<stream_record> b = std::make_shared<stream_record>();
    test::memory_stream client, backend;
    io_buffer client_in, backend_in;
    net::deadline_sweeper sweeper{io};
    tunnel t;
    std::uint64_t bytes = 0;
    bool done = false;
};

TEST(tunnel, passes_bytes_and_ends_on) {
    rig r(tunnel::kind::opaque);
    r.c->feed("up");
    r.b->feed("down");
    r.c->end();
    r.settle();
    EXPECT_EQ(r.b->written, "up");
    EXPECT_EQ(r.c->written, "down");
    EXPECT_TRUE(r.b->send_ended);
    EXPECT_FALSE(r.c->send_ended || r.done);
    r.b->feed("more");
    r.b->end();
    r.settle();
    EXPECT_TRUE(r.done && r.c->send_ended);
    EXPECT_EQ(r.bytes, 8u);
    EXPECT_FALSE(r.t.client_told());
}

TEST(tunnel, anything_but_a_websocket_is_closed_at_once) {
    rig r(tunnel::kind::opaque);
    r.b->feed("down");
    r.settle();
    r.t.end();
    EXPECT_TRUE(r.c->closed && r.b->closed);
    EXPECT_FALSE(r.done) << "not within";
    r.settle();
    EXPECT_TRUE(r.done);
    EXPECT_EQ(r.c->written, "down");
    EXPECT_FALSE(r.t.client_told());
}

TEST(tunnel, a_silent_websocket_is_told_at_once) {
    rig r(tunnel::kind::websocket);
    r.t.end();
    EXPECT_EQ(r.c->written, told);
    EXPECT_TRUE(is_told_masked(r.b->written));
    r.settle();
    EXPECT_TRUE(r.done && r.b->closed && r.t.client_told());
    EXPECT_FALSE(r.c->closed) << "its end would overtake the frame if the client still sends";
    EXPECT_EQ(r.bytes, told.size());
    rig other(tunnel::kind::websocket);
    other.t.end();
    EXPECT_NE(r.b->written.substr(2, 4), other.b->written.substr(2, 4)) << "a key each time";
}

// Both directions, split at every place: the frame under way is passed on whole, what follows is not.
TEST(tunnel, a_websocket_ends_behind_a_frame) {
    const std::string first = "\x81\x05hello"s, second = "\x82\x81\x01\x02\x03\x04x"s;
    const std::string all = first + second;
    for (std::size_t split = 0; split <= all.size(); ++split) {
        for (const bool up : {false, true}) {
            rig r(tunnel::kind::websocket);
            stream_record &from = up ? *r.c : *r.b, &to = up ? *r.b : *r.c;
            if (split > 0) from.feed(all.substr(0, split));
            r.settle();
            r.t.end();
            EXPECT_TRUE((up ? r.c->written == told : is_told_masked(r.b->written))) << "the other direction";
            from.feed(all.substr(split) + "\x81\x01z"s);
            r.settle();
            const std::size_t whole = split == 0 ? 0 : split <= first.size() ? first.size() : all.size();
            EXPECT_EQ(to.written.substr(0, whole), all.substr(0, whole)) << split;
            EXPECT_TRUE(up ? is_told_masked(to.written.substr(whole)) : to.written.substr(whole) == told)
                << split;
            EXPECT_TRUE(r.done && r.t.client_told()) << split;
        }
    }
}

TEST(tunnel, half_a_frame_is_waited_for_a_moment) {
    for (const bool up : {false, true}) {
        rig r(tunnel::kind::websocket);
        (up ? r.c : r.b)->feed("\x81\x05he"s);
        r.settle();
        r.t.end();
        r.wait(milliseconds(100));
        EXPECT_FALSE(r.done);
        r.wait(milliseconds(250));
        EXPECT_TRUE(r.done && r.b->closed);
        EXPECT_EQ(r.t.client_told(), up);
        EXPECT_EQ(r.c->closed, !up) << "no frame can be put there";
        EXPECT_EQ(r.c->written, up ? told : "\x81\x05he"s);
        EXPECT_TRUE(up ? r.b->written == "\x81\x05he"s : is_told_masked(r.b->written));
    }
}

TEST(tunnel, a_client_that_takes_nothing_is_waited_for_a_moment) {
    for (const bool within_a_frame : {false, true}) {
        rig r(tunnel::kind::websocket);
        r.c->write_limit = 0;
        if (within_a_frame) r.b->feed("\x81\x02hi"s);
        r.settle();
        r.t.end();
        r.wait(milliseconds(350));
        EXPECT_TRUE(r.done && r.c->closed && r.b->closed);
        EXPECT_EQ(r.c->written, "");
        EXPECT_TRUE(is_told_masked(r.b->written));
    }
    rig r(tunnel::kind::websocket);
    r.c->write_limit = 0;
    r.b->feed("\x81\x02hi\x81\x02ho"s);
    r.settle();
    r.t.end();
    r.c->resume(1);
    r.settle();
    EXPECT_EQ(r.c->written, "\x81\x02hi\x81\x02ho"s + told);
    EXPECT_TRUE(r.done);
}

TEST(tunnel, one_that_is_silent_both_ways_is_closed) {
    for (const auto kind : {tunnel::kind::opaque, tunnel::kind::websocket}) {
        rig r(kind, milliseconds(1000));
        for (int i = 0; i < 4; ++i) {
            r.wait(milliseconds(300));
            EXPECT_FALSE(r.done) << i;
            (i % 2 == 0 ? r.c : r.b)->feed("x");
        }
        r.wait(milliseconds(1300));
        EXPECT_TRUE(r.done && r.c->closed && r.b->closed);
    }
    rig none(tunnel::kind::opaque);
    none.wait(milliseconds(600));
    EXPECT_FALSE(none.done);
}

TEST(tunnel, nothing_follows_a_close_frame) {
    rig r(tunnel::kind::websocket);
    r.b->feed("\x88\x02\x03\xe8"s);
    r.settle();
    r.t.end();
    r.settle();
    EXPECT_EQ(r.c->written, "\x88\x02\x03\xe8"s);
    EXPECT_TRUE(r.done && r.t.client_told());
}

TEST(tunnel, an_end_that_was_passed_on_takes_no_frame) {
    rig r(tunnel::kind::websocket);
    r.b->end();
    r.settle();
    r.t.end();
    r.settle();
    EXPECT_EQ(r.c->written, "");
    EXPECT_TRUE(is_told_masked(r.b->written));
    EXPECT_TRUE(r.done && r.c->closed && r.b->closed);
}

TEST(tunnel, either_side_goes_while_it_ends) {
    for (const bool client_goes : {false, true}) {
        for (const bool with_reset : {false, true}) {
            rig r(tunnel::kind::websocket);
            r.c->feed("\x81\x85\x01"s);
            r.b->feed("\x81\x05he"s);
            r.settle();
            r.t.end();
            auto& gone = client_goes ? r.c : r.b;
            if (with_reset) (client_goes ? r.client : r.backend).close();
            gone->end();
            r.settle();
            r.wait(milliseconds(350));
            EXPECT_TRUE(r.done && r.c->closed && r.b->closed);
            EXPECT_EQ(r.c->written, "\x81\x05he"s);
        }
    }
}

}  // namespace
}  // namespace vestibule::server

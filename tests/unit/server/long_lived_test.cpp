// Tunnels and event streams as whole exchanges, and what becomes of them when their session ends.
#include "server/long_lived.hpp"
#include "scene.hpp"

#include <gtest/gtest.h>

namespace vestibule::server::test {
namespace {

using namespace std::string_literals;

const std::string told = "\x88\x0f\x03\xf0session ended"s;
const std::string stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const std::string switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const std::string upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n";

std::string get(const std::string& cookie, const std::string& more = {}, const char* version = "1.1") {
    return std::string("GET / HTTP/") + version + "\r\nHost: x\r\nCookie: vestibule.sid=" + cookie + "\r\n" +
           more + "\r\n";
}

TEST(is_event_stream, table) {
    const struct {
        const char* type;
        bool is;
    } cases[] = {{"text/event-stream", true},
                 {"Text/Event-Stream", true},
                 {"text/event-stream;charset=utf-8", true},
                 {"text/event-stream ; charset=utf-8", true},
                 {"text/event-streams", false},
                 {"text/html; x=text/event-stream", false},
                 {"", false}};
    for (const auto& c : cases) {
        http::field_list fields;
        fields.push({http::field_id::content_type, "Content-Type", c.type});
        EXPECT_EQ(is_event_stream(fields), c.is) << c.type;
    }
    EXPECT_FALSE(is_event_stream({}));
}

class long_lived : public testing::Test {
  protected:
    void TearDown() override {
        EXPECT_TRUE(s.run_until([&] { return s.worker->first == nullptr; }));
    }
    std::shared_ptr<stream_record> open(const std::string& request) {
        auto client = std::make_shared<stream_record>();
        client->end_after_input = false;
        client->input = {request};
        s.begin(client);
        return client;
    }
    std::shared_ptr<stream_record> answers(std::deque<std::string> pieces) {
        auto backend = s.backend_answers(std::move(pieces));
        backend->end_after_input = false;
        return backend;
    }
    bool until_written(const stream_record& r, const std::string& end) {
        return s.run_until([&] { return r.written.ends_with(end); });
    }
    std::int64_t metric(const std::string& name, const std::string& kind = {}) const {
        std::int64_t n = 0;
        for (const auto& f : s.metrics.collect())
            for (const auto& sample : f.samples)
                if (f.name == name && (kind.empty() || sample.labels.front().second == kind))
                    n += sample.value;
        return n;
    }
    std::int64_t ended(const std::string& kind) const {
        return metric("vestibule_streams_ended_total", kind);
    }
    void end_all() {
        for (connection* c = s.worker->first; c != nullptr; c = c->next()) c->abort();
        EXPECT_TRUE(s.run_until([&] { return s.worker->first == nullptr; }));
        EXPECT_EQ(s.worker->watch.size(), 0u);
        EXPECT_EQ(metric("vestibule_event_streams") + metric("vestibule_tunnels"), 0);
    }

    scene s;
};

TEST_F(long_lived, an_event_stream_ends_cleanly_with_its_session) {
    const auto backend = answers({stream_head, "data: 1\n\n"}), second = answers({});
    const std::string cookie = s.log_in("one"), other = s.log_in("two");
    const auto client = open(get(cookie));
    ASSERT_TRUE(until_written(*client, "\r\n9\r\ndata: 1\n\n\r\n")) << client->written;
    EXPECT_EQ(s.worker->watch.size(), 1u);
    EXPECT_EQ(metric("vestibule_event_streams"), 1);
    s.sessions->destroy("one");
    EXPECT_TRUE(s.run_until([&] { return client->written.ends_with("0\r\n\r\n"); }, milliseconds(500)));
    EXPECT_TRUE(backend->closed);
    EXPECT_FALSE(client->closed);
    EXPECT_EQ(ended("event_stream"), 1);
    EXPECT_EQ(ended("tunnel"), 0);
    // The connection is as good as before.
    second->input = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"};
    client->feed(get(other));
    EXPECT_TRUE(until_written(*client, "\r\n\r\nhi"));
    end_all();
}

TEST_F(long_lived, an_event_stream_to_http_1_0_ends_with_its_connection) {
    answers({stream_head, "data: 1\n\n"});
    const auto client = open(get(s.log_in("one"), {}, "1.0"));
    ASSERT_TRUE(until_written(*client, "\r\n\r\ndata: 1\n\n"));
    s.sessions->destroy("one");
    EXPECT_TRUE(s.run_until([&] { return client->closed; }));
    EXPECT_TRUE(client->written.ends_with("\r\n\r\ndata: 1\n\n"));
    EXPECT_FALSE(client->reset);
}

TEST_F(long_lived, a_client_that_takes_nothing_is_closed) {
    const auto backend = answers({stream_head});
    const auto client = open(get(s.log_in("one")));
    ASSERT_TRUE(until_written(*client, "\r\n\r\n"));
    client->write_limit = 0;
    backend->feed("data: 1\n\n");
    s.run_until([] { return false; }, milliseconds(50));
    s.sessions->destroy("one");
    EXPECT_TRUE(s.run_until([&] { return client->closed; }, milliseconds(900)));
    EXPECT_TRUE(s.run_until([&] { return s.worker->first == nullptr; }));
}

TEST_F(long_lived, a_websocket_is_told) {
    const auto backend = answers({switching + "\x81\x02hi"s});
    const auto client = open(get(s.log_in("one"), upgrade) + "\x81\x82\x01\x02\x03\x04ho"s);
    ASSERT_TRUE(until_written(*client, "\r\n\r\n\x81\x02hi"s));
    ASSERT_TRUE(until_written(*backend, "\x81\x82\x01\x02\x03\x04ho"s));
    EXPECT_EQ(metric("vestibule_tunnels"), 1);
    s.sessions->destroy("one");
    EXPECT_TRUE(s.run_until([&] { return client->send_ended; }, milliseconds(500)));
    EXPECT_TRUE(client->written.ends_with("\x81\x02hi"s + told));
    EXPECT_TRUE(backend->closed);
    EXPECT_EQ(backend->written[backend->written.size() - 4 - told.size()], '\x88');
    EXPECT_FALSE(client->closed) << "what it still sends is read";
    client->feed("\x88\x82\x01\x02\x03\x04xx"s);
    client->end();
    EXPECT_TRUE(s.run_until([&] { return s.worker->first == nullptr; }, milliseconds(500)));
    EXPECT_EQ(ended("tunnel"), 1);
}

TEST_F(long_lived, other_upgrades_are_closed) {
    const auto backend = answers({"HTTP/1.1 101 Go\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\nhi"});
    const auto client = open(get(s.log_in("one"), "Connection: Upgrade\r\nUpgrade: other\r\n"));
    ASSERT_TRUE(until_written(*client, "\r\n\r\nhi"));
    s.sessions->destroy("one");
    EXPECT_TRUE(s.run_until([&] { return client->closed && backend->closed; }, milliseconds(500)));
    EXPECT_TRUE(client->written.ends_with("\r\n\r\nhi"));
}

TEST_F(long_lived, all_of_one_session_and_none_of_another) {
    std::vector<std::shared_ptr<stream_record>> clients;
    const std::string one = s.log_in("one"), two = s.log_in("two");
    const std::string anonymous = s.current->signer.sign(session::make_anonymous_sid(wall_now()));
    for (const std::string& cookie : {one, two, one, anonymous, "none"s})
        for (const bool socket : {false, true}) {
            answers({socket ? switching : stream_head});
            clients.push_back(open(get(cookie, socket ? upgrade : "")));
        }
    ASSERT_TRUE(s.run_until(
        [&] { return metric("vestibule_event_streams") == 5 && metric("vestibule_tunnels") == 5; }));
    EXPECT_EQ(s.worker->watch.size(), 2u) << "those of no stored session are not watched";
    s.sessions->destroy("one");
    EXPECT_TRUE(s.run_until([&] { return ended("tunnel") == 2 && ended("event_stream") == 2; }));
    s.run_until([] { return false; }, milliseconds(400));
    EXPECT_EQ(metric("vestibule_event_streams"), 3);
    EXPECT_EQ(metric("vestibule_tunnels"), 3);
    for (const std::size_t i : {0, 4}) EXPECT_TRUE(clients[i]->written.ends_with("0\r\n\r\n"));
    for (const std::size_t i : {1, 5}) EXPECT_TRUE(clients[i]->written.ends_with(told));
    for (const std::size_t i : {2, 3, 6, 7, 8, 9}) EXPECT_TRUE(clients[i]->written.ends_with("\r\n\r\n"));
    end_all();
}

TEST_F(long_lived, a_session_that_ends_before_the_answer_comes) {
    const auto backend = answers({});
    const auto client = open(get(s.log_in("one")));
    ASSERT_TRUE(s.run_until([&] { return !backend->written.empty(); }));
    s.sessions->destroy("one");
    backend->feed(stream_head + "data: 1\n\n");
    EXPECT_TRUE(until_written(*client, "data: 1\n\n\r\n0\r\n\r\n"));
    end_all();
}

TEST_F(long_lived, an_abort_ends_them_at_any_time) {
    for (const int moment : {0, 1, 2}) {
        const auto backend = answers({switching + "\x81\x05he"s});
        const auto sse = answers({stream_head});
        const std::string cookie = s.log_in("one");
        const auto client = open(get(cookie, upgrade));
        ASSERT_TRUE(until_written(*client, "\x81\x05he"s));
        const auto second = open(get(cookie));
        ASSERT_TRUE(until_written(*second, "\r\n\r\n"));
        second->write_limit = 0;
        if (moment > 0) {
            s.sessions->destroy("one");
            ASSERT_TRUE(s.run_until([&] { return s.worker->watch.size() == 0; }));
            if (moment == 2) s.run_until([] { return false; }, milliseconds(300));
        }
        end_all();
    }
}

// Every operation fails in turn while everything ends.
TEST(long_lived_failures, survive) {
    for (const std::string& request : {upgrade, ""s}) {
        int failures = 0;
        for (int n = 0; n < 100; ++n) {
            scene s;
            s.plan.fail_at = n;
            const auto backend = s.backend_answers(
                {request.empty() ? stream_head + "data: 1\n\n" : switching + "\x81\x02hi"s});
            backend->end_after_input = false;
            auto client = std::make_shared<stream_record>();
            client->input = {get(s.log_in("one"), request)};
            client->end_after_input = false;
            s.begin(client);
            s.run_until([&] { return s.worker->watch.size() > 0 || s.worker->first == nullptr; },
                        milliseconds(100));
            s.run_until([&] { return s.worker->first == nullptr; }, milliseconds(2));
            s.sessions->destroy("one");
            s.worker->watch.look();
            s.run_until([&] { return s.worker->first == nullptr; }, milliseconds(10));
            client->end();
            EXPECT_TRUE(s.run_until([&] { return s.worker->first == nullptr; })) << n;
            EXPECT_EQ(s.worker->watch.size(), 0u);
            if (s.plan.done <= n) break;
            ++failures;
        }
        EXPECT_GT(failures, 5);
        EXPECT_LT(failures, 99);
    }
}

}  // namespace
}  // namespace vestibule::server::test

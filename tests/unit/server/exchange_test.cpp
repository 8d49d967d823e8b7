// Whole exchanges over streams in memory, and the same with every single operation failing.
#include "scene.hpp"

#include <gtest/gtest.h>

namespace vestibule::server::test {
namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

std::string status_line(const stream_record& client) {
    return client.written.substr(0, client.written.find("\r\n"));
}

TEST(exchange, answers_with_what_the_backend_says) {
    scene s;
    const auto backend = s.backend_answers({ok});
    const auto client = s.request(get);
    EXPECT_EQ(status_line(*client), "HTTP/1.1 200 OK");
    EXPECT_TRUE(client->written.ends_with("\r\n\r\nhi"));
    EXPECT_TRUE(backend->written.starts_with("GET / HTTP/1.1\r\nHost: x\r\n"));
    EXPECT_NE(backend->written.find("\r\nX-Session-State: new\r\n"), std::string::npos);
}

TEST(exchange, requests_in_single_bytes_and_answers_in_single_bytes) {
    scene s;
    std::deque<std::string> request, answer;
    for (const char c :
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
             std::string())
        request.emplace_back(1, c);
    for (const char c :
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n" +
             std::string())
        answer.emplace_back(1, c);
    const auto backend = s.backend_answers(answer);
    const auto client = s.request(request);
    EXPECT_EQ(status_line(*client), "HTTP/1.1 200 OK");
    EXPECT_TRUE(client->written.ends_with("1\r\nh\r\n1\r\ni\r\n0\r\nX-T: 1\r\n\r\n")) << client->written;
    EXPECT_TRUE(backend->written.ends_with("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")) << backend->written;
}

TEST(exchange, pipelined_requests_are_answered_in_order) {
    scene s;
    s.backend_answers({ok, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"});
    const auto client = s.request(get + get);
    const auto second = client->written.find("HTTP/1.1 201 Created");
    EXPECT_EQ(status_line(*client), "HTTP/1.1 200 OK");
    EXPECT_NE(second, std::string::npos);
    EXPECT_EQ(s.connects, 1);
}

TEST(exchange, a_refused_body_does_not_become_the_next_request) {
    // The body of a request that is answered here must not be read as a request of its own.
    server_params p = basic_params();
    p.policy.routes.push_back({.path = "/closed", .session = policy::session_mode::required});
    scene s(std::move(p));
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    s.backend_answers({ok});
    const auto client =
        s.request("POST /closed HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(smuggled.size()) +
                  "\r\n\r\n" + smuggled);
    EXPECT_EQ(status_line(*client), "HTTP/1.1 401 Unauthorized");
    EXPECT_EQ(s.connects, 0);
    EXPECT_EQ(client->written.find("HTTP/1.1", 1), std::string::npos);
}

TEST(exchange, a_failed_backend_does_not_eat_the_next_request) {
    scene s;
    s.backend_answers({});  // closes at once
    s.backend_answers({ok});
    const auto client = s.request("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345" + get);
    EXPECT_EQ(status_line(*client), "HTTP/1.1 502 Bad Gateway");
    EXPECT_NE(client->written.find("HTTP/1.1 200 OK"), std::string::npos);
}

TEST(exchange, a_stale_pooled_connection_is_replaced_once) {
    scene s;
    s.backend_answers({ok});  // then its end: stale
    s.backend_answers({ok});
    const auto client = s.request({get, get});
    EXPECT_EQ(s.connects, 2);
    EXPECT_NE(client->written.find("HTTP/1.1 200 OK", 10), std::string::npos);
    EXPECT_EQ(client->written.find("HTTP/1.1 502"), std::string::npos);
}

TEST(exchange, what_a_backend_said_unasked_is_nobodys_answer) {
    scene s;
    const auto talkative = s.backend_answers({ok, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"});
    s.backend_answers({ok});
    talkative->news = true;
    const auto client = s.request({get, get});
    EXPECT_EQ(s.connects, 2);
    EXPECT_EQ(client->written.find("EVIL"), std::string::npos);
    EXPECT_TRUE(talkative->closed);
}

TEST(exchange, truncated_answers_never_end_cleanly) {
    const struct {
        std::string name, answer;
        bool old_client, reset;
    } test_cases[] = {
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi", false, false},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", false, false},
        {"chunked to 1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", true, true},
    };
    for (const auto& t : test_cases) {
        scene s;
        s.backend_answers({t.answer});
        const auto client = s.request(t.old_client ? "GET / HTTP/1.0\r\n\r\n" : get);
        EXPECT_EQ(status_line(*client), "HTTP/1.1 200 OK") << t.name;
        EXPECT_EQ(client->written.find("0\r\n\r\n"), std::string::npos) << t.name;
        EXPECT_EQ(client->reset, t.reset) << t.name;
        EXPECT_TRUE(client->closed) << t.name;
    }
}

TEST(exchange, a_body_over_the_limit_is_refused_in_every_framing) {
    server_params p = basic_params();
    p.limits.body = 4;
    for (const char* request :
         {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
          "chunked\r\n\r\n3\r\n123\r\n2\r\n45\r\n0\r\n\r\n"}) {
        scene s(p);
        const auto backend = s.backend_answers({});
        backend->end_after_input = false;
        const auto client = s.request(request);
        EXPECT_EQ(status_line(*client), "HTTP/1.1 413 Content Too Large") << request;
    }
}

TEST(exchange, websocket_handshakes) {
    const std::string ask = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                      v13 = "Sec-WebSocket-Version: 13\r\n";
    const std::string go = "HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: ";
    const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    const struct {
        const char* name;
        std::string request, answer, status;
        int connects;
    } cases[] = {
        {"as it should be", ask + key + v13, go + "websocket\r\n" + accept, "HTTP/1.1 101 Go", 1},
        {"another version", ask + key + "Sec-WebSocket-Version: 8\r\n", "", "HTTP/1.1 426 Upgrade Required",
         0},
        {"no key", ask + v13, "", "HTTP/1.1 400 Bad Request", 0},
        {"no accept", ask + key + v13, go + "websocket\r\n", "HTTP/1.1 502 Bad Gateway", 1},
        {"another's accept", ask + key + v13,
         go + "websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
         "HTTP/1.1 502 Bad Gateway", 1},
        {"two accepts", ask + key + v13, go + "websocket\r\n" + accept + accept, "HTTP/1.1 502 Bad Gateway",
         1},
        {"another protocol", ask + key + v13, go + "other\r\n" + accept, "HTTP/1.1 502 Bad Gateway", 1},
        {"no protocol", ask + key + v13, "HTTP/1.1 101 Go\r\nConnection: Upgrade\r\n" + accept,
         "HTTP/1.1 502 Bad Gateway", 1},
        {"nobody asked", "GET / HTTP/1.1\r\nHost: x\r\n", go + "websocket\r\n" + accept,
         "HTTP/1.1 502 Bad Gateway", 1},
    };
    for (const auto& c : cases) {
        scene s;
        s.backend_answers({c.answer + "\r\n"});
        const auto client = s.request(c.request + "\r\n");
        EXPECT_EQ(status_line(*client), c.status) << c.name;
        EXPECT_EQ(s.connects, c.connects) << c.name;
    }
}

TEST(exchange, a_connection_has_its_share_of_requests) {
    server_params p = basic_params();
    p.limits.requests = 2;
    scene s(std::move(p));
    s.backend_answers({ok, ok, ok});
    const auto client = s.request(get + get + get);
    const auto second = client->written.find("HTTP/1.1 200 OK", 1);
    ASSERT_NE(second, std::string::npos);
    EXPECT_EQ(client->written.substr(0, second).find("Connection: close"), std::string::npos);
    EXPECT_NE(client->written.find("Connection: close", second), std::string::npos);
    EXPECT_EQ(client->written.find("HTTP/1.1", second + 1), std::string::npos);
}

// Every operation on every stream fails in turn: never a crash, never a leak, never a wrong answer: what
// the client got is a prefix of the right answer, or one of our own failures.
TEST(exchange, survives_the_failure_of_any_operation) {
    const std::string requests[] = {
        get,
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n",
    };
    const std::deque<std::string> answers[] = {
        {ok},
        {"HTTP/1.1 200 OK\r\nTransf", "er-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "0\r\n\r\n"},
        {"HTTP/1.1 100 Continue\r\n\r\n", ok},
        {"HTTP/1.1 200 OK\r\n\r\nto the end"},
    };
    int failures = 0;
    for (const std::string& request : requests) {
        for (const auto& answer : answers) {
            for (int n = 0;; ++n) {
                scene s;
                s.plan.fail_at = n;
                s.backend_answers(answer);
                s.backend_answers(answer);
                const auto client = s.request({request.substr(0, 20), request.substr(20)});
                const std::string status = status_line(*client);
                EXPECT_TRUE(status.empty() || status == "HTTP/1.1 200 OK" ||
                            status == "HTTP/1.1 100 Continue" || status == "HTTP/1.1 502 Bad Gateway")
                    << status << " at operation " << n;
                if (s.plan.done <= n) break;  // nothing failed any more
                ++failures;
            }
        }
    }
    EXPECT_GT(failures, 80);
}

}  // namespace
}  // namespace vestibule::server::test

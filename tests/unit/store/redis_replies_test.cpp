// What the store makes of what a Redis says, however it says it.
#include "redis_rig.hpp"

#include <gmock/gmock.h>

#include <array>
#include <vector>

namespace vestibule::test {
namespace {

using words = fake_redis::words;
using peer = fake_redis::peer;

class redis_replies : public redis_rig {
  protected:
    // Answers every command with the same bytes, a load's PTTL with ":-1".
    void answer_all(std::string bytes) {
        fake->on_command = [bytes](peer& p, const words& w) { p.send(w[0] == "PTTL" ? ":-1\r\n" : bytes); };
    }

    error_code ask(std::string_view operation) {
        if (operation == "load") return wait(store->load("a")).error();
        if (operation == "create") return wait(store->create("a", "v", 60s)).error();
        if (operation == "compare_and_set") return wait(store->compare_and_set("a", "v", "w")).error();
        if (operation == "touch") return wait(store->touch("a", 60s)).error();
        if (operation == "destroy") return wait(store->destroy("a")).error();
        return wait(store->ping()).error();
    }
    static constexpr const char* operations[] = {"load",  "create",  "compare_and_set",
                                                 "touch", "destroy", "ping"};
};

TEST_F(redis_replies, asks_as_connect_redis_does) {
    start();
    answer_all("$-1\r\n");
    params.prefix = "sess:";
    wait(store->load("id"));
    wait(store->create("id", "{}", 60s));
    wait(store->create("id", "{}", std::nullopt));
    answer_all(":0\r\n");
    wait(store->touch("id", 90s));
    wait(store->destroy("id"));
    wait(store->compare_and_set("id", "{}", "[]"));
    ASSERT_EQ(fake->seen.size(), 7u);
    EXPECT_EQ(fake->seen[0], (words{"GET", "sess:id"}));
    EXPECT_EQ(fake->seen[1], (words{"PTTL", "sess:id"}));
    EXPECT_EQ(fake->seen[2], (words{"SET", "sess:id", "{}", "NX", "EX", "60"}));
    EXPECT_EQ(fake->seen[3], (words{"SET", "sess:id", "{}", "NX"}));
    EXPECT_EQ(fake->seen[4], (words{"EXPIRE", "sess:id", "90"}));
    EXPECT_EQ(fake->seen[5], (words{"DEL", "sess:id"}));
    const words& script = fake->seen[6];
    EXPECT_EQ(script.at(0), "EVALSHA");
    EXPECT_THAT(script.at(1), testing::MatchesRegex("[0-9a-f]+"));
    EXPECT_EQ(words(script.begin() + 2, script.end()), (words{"1", "sess:id", "{}", "[]"}));
    EXPECT_EQ(fake->greetings, (std::vector<words>{{"CLIENT", "SETNAME", "vestibule"}}));
}

task<void> load_once(session_store& s) {
    const auto r = co_await s.load("a");
    EXPECT_TRUE(r && *r);
}

TEST_F(redis_replies, sends_the_questions_of_one_turn_together) {
    start();
    fake->on_command = [](peer& p, const words&) { p.send("+PONG\r\n"); };
    wait(store->ping());
    fake->on_command = [](peer& p, const words& w) { p.send(w[0] == "PTTL" ? ":1000\r\n" : "$1\r\nv\r\n"); };
    const std::size_t before = fake->reads;
    std::vector<task<void>> loads;
    for (int i = 0; i < 200; ++i) loads.push_back(load_once(*store));
    run_all(io, std::move(loads));
    EXPECT_EQ(fake->count("GET"), 200u);
    EXPECT_EQ(fake->reads - before, 1u);
}

TEST_F(redis_replies, takes_errors_for_refusals_and_logs_their_first_word_once) {
    const std::string rows[] = {"NOPERM this user has no permissions to run 'get'",
                                "OOM command not allowed",
                                "READONLY You can't write against a read only replica.",
                                "LOADING Redis is loading the dataset in memory",
                                "MASTERDOWN Link with MASTER is down",
                                "NOAUTH Authentication required.",
                                "MOVED 1234 10.0.0.1:6379",
                                "BUSY Redis is busy",
                                "ERR unknown command 'GET', with args beginning with: 'sess:secret'"};
    start();
    for (const auto& row : rows) {
        answer_all("-" + row + "\r\n");
        testing::internal::CaptureStderr();
        for (int i = 0; i < 3; ++i)
            for (const auto* name : operations)
                EXPECT_EQ(ask(name), errc::store_refused) << name << ": " << row;
        const std::string log = testing::internal::GetCapturedStderr();
        const std::string word = row.substr(0, row.find(' '));
        std::size_t lines = 0;
        for (std::size_t at = 0; (at = log.find("\"error\":\"" + word + "\"", at)) != std::string::npos; ++at)
            ++lines;
        EXPECT_EQ(lines, 6u) << log;
        EXPECT_THAT(log, testing::Not(testing::HasSubstr("secret")));
        EXPECT_THAT(log, testing::Not(testing::HasSubstr("permissions")));
    }
    EXPECT_EQ(fake->connections, 1u);
    EXPECT_EQ(metric("vestibule_store_errors_total", "refused"), 3 * 6 * 9);

    fake->on_command = [](peer& p, const words&) { p.send("+PONG\r\n"); };
    EXPECT_TRUE(wait(store->ping()));
    answer_all("-BUSY x\r\n");
    testing::internal::CaptureStderr();
    wait(store->ping());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("BUSY"));  // news again
}

TEST_F(redis_replies, takes_a_key_of_another_type_for_a_value_that_is_no_document) {
    start();
    fake->on_command = [](peer& p, const words& w) {
        p.send(w[0] == "GET" ? "-WRONGTYPE Operation against a key\r\n" : ":5000\r\n");
    };
    const auto r = wait(store->load("a"));
    ASSERT_TRUE(r && *r);
    EXPECT_EQ((*r)->value, "");
    EXPECT_EQ((*r)->ttl, 5000ms);
    EXPECT_EQ(metric("vestibule_store_errors_total"), 0);
}

TEST_F(redis_replies, knows_a_key_that_ran_out_between_its_two_questions) {
    start();
    fake->on_command = [](peer& p, const words& w) { p.send(w[0] == "GET" ? "$1\r\nv\r\n" : ":-2\r\n"); };
    const auto r = wait(store->load("a"));
    ASSERT_TRUE(r);
    EXPECT_FALSE(*r);
}

TEST_F(redis_replies, brings_the_script_along_where_the_server_has_lost_it) {
    start();
    bool known = false;
    words brought;
    fake->on_command = [&](peer& p, const words& w) {
        if (w[0] == "EVAL") {
            known = true;
            brought = w;
        }
        p.send(known ? ":1\r\n" : "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    };
    EXPECT_EQ(wait(store->compare_and_set("a", "old", "new")).value(), write_outcome::done);
    EXPECT_EQ(wait(store->compare_and_set("a", "old", "new")).value(), write_outcome::done);
    EXPECT_EQ(fake->count("EVALSHA"), 2u);
    EXPECT_EQ(fake->count("EVAL"), 1u);
    ASSERT_EQ(brought.size(), 6u);
    EXPECT_EQ(words(brought.begin() + 2, brought.end()), (words{"1", "sess:a", "old", "new"}));
}

TEST_F(redis_replies, refuses_to_bring_the_script_for_ever) {
    start();
    answer_all("-NOSCRIPT No matching script.\r\n");
    EXPECT_EQ(wait(store->compare_and_set("a", "old", "new")).error(), errc::store_refused);
    EXPECT_EQ(fake->seen.size(), 2u);
}

TEST_F(redis_replies, understands_replies_byte_by_byte) {
    start();
    fake->echoes = false;
    fake->on_command = [](peer& p, const words& w) {
        if (w[0] == "ECHO") p.send_slowly("$12\r\n{\"a\":\"\r\n$-1\"\r\n:60000\r\n$1\r\na\r\n");
    };
    const auto r = wait(store->load("a"));
    ASSERT_TRUE(r && *r);
    EXPECT_EQ((*r)->value, "{\"a\":\"\r\n$-1\"");
    EXPECT_EQ((*r)->ttl, 60000ms);
}

TEST_F(redis_replies, gives_up_a_connection_that_talks_garbage) {
    for (const std::string garbage :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "$3\r\nabcde\r\n", "\x15\x03\x01", ":x\r\n"}) {
        start();
        fake->on_command = [garbage](peer& p, const words& w) {
            p.send(p.number == 1 ? garbage : w[0] == "PING" ? "+PONG\r\n" : "$-1\r\n:-2\r\n");
        };
        EXPECT_EQ(wait(store->load("a")).error(), errc::store_protocol) << garbage;
        EXPECT_TRUE(wait(store->ping())) << garbage;
        EXPECT_EQ(fake->connections, 2u);
    }
    EXPECT_EQ(metric("vestibule_store_errors_total", "protocol"), 5);
    EXPECT_EQ(metric("vestibule_store_reconnects_total"), 5);
}

TEST_F(redis_replies, gives_up_a_connection_whose_answers_do_not_fit) {
    const std::pair<const char*, const char*> rows[] = {
        {"load", "*1\r\n$1\r\na\r\n"},
        {"load", "+QUEUED\r\n"},
        {"load", ":1\r\n"},
        {"create", "+QUEUED\r\n"},
        {"create", ":1\r\n"},
        {"compare_and_set", ":77\r\n"},
        {"compare_and_set", "$-1\r\n"},
        {"touch", "$2\r\nab\r\n"},
        {"destroy", "$-1\r\n"},
        {"ping", "+OK\r\n"},
    };
    for (const auto& [name, odd] : rows) {
        start();
        fake->on_command = [bytes = std::string(odd)](peer& p, const words& w) {
            p.send(p.number > 1 ? "+PONG\r\n" : w[0] == "PTTL" ? ":-1\r\n" : bytes);
        };
        EXPECT_EQ(ask(name), errc::store_protocol) << name << odd;
        EXPECT_TRUE(wait(store->ping())) << name << odd;
        EXPECT_EQ(fake->connections, 2u) << name << odd;
    }
}

task<void> load_value(session_store& s, const char* sid, std::string& out) {
    const auto r = co_await s.load(sid);
    out = r ? *r ? (*r)->value : "absent" : "failed";
}

// Something in between loses answers, puts some in, or puts one in the place of another.
TEST_F(redis_replies, gives_nobody_the_session_of_another_however_the_answers_are_shifted) {
    const std::pair<std::size_t, std::string> rows[] = {
        {1, ""},           {2, ""}, {3, ""}, {4, ""}, {0, "$-1\r\n"}, {0, ":1\r\n"}, {1, "-ERR an error\r\n"},
        {3, "$1\r\nx\r\n"}};
    const std::array<const char*, 3> sids{"a", "b", "c"};
    const std::size_t of_each = 3;  // answers
    for (const auto& [lost, put] : rows) {
        for (std::size_t at = 0; at < 2 * of_each; ++at) {
            start(100ms);
            fake->echoes = false;
            std::size_t answers = 0;
            fake->on_command = [&, lost = lost, put = put](peer& p, const words& w) {
                const std::size_t n = p.number == 1 ? answers++ : at + lost;
                if (n == at) p.send(put);
                if (n >= at && n < at + lost) return;
                p.send(w[0] == "GET"    ? fake_redis::echo("of " + w[1])
                       : w[0] == "PTTL" ? ":60000\r\n"
                       : w[0] == "ECHO" ? fake_redis::echo(w[1])
                                        : "+PONG\r\n");
            };
            std::array<std::string, sids.size()> values;
            std::vector<task<void>> tasks;
            for (std::size_t i = 0; i < sids.size(); ++i)
                tasks.push_back(load_value(*store, sids[i], values[i]));
            run_all(io, std::move(tasks));
            for (std::size_t i = 0; i < sids.size(); ++i) {
                const std::string own = std::string("of sess:") + sids[i];
                EXPECT_THAT(values[i], testing::AnyOf(own, "failed")) << at << ' ' << lost << ' ' << put;
                const bool before = (i + 1) * of_each <= at;
                EXPECT_TRUE(!before || values[i] == own) << at << ' ' << lost << ' ' << put;
            }
        }
    }
}

TEST_F(redis_replies, gives_up_a_connection_that_answers_unasked) {
    start();
    fake->on_command = [](peer& p, const words&) {
        p.send(p.number == 1 ? "+PONG\r\n+PONG\r\n" : "+PONG\r\n");
    };
    EXPECT_TRUE(wait(store->ping()));
    EXPECT_TRUE(wait(store->ping()));
    EXPECT_EQ(fake->connections, 2u);
}

}  // namespace
}  // namespace vestibule::test

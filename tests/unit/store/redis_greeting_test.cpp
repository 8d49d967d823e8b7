// Getting in: credentials, and doors that stay shut.
#include "redis_rig.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace vestibule::test {
namespace {

using words = fake_redis::words;
using peer = fake_redis::peer;

class redis_greeting : public redis_rig {
  protected:
    static void pong(peer& p, const words&) { p.send("+PONG\r\n"); }
};

TEST_F(redis_greeting, a_greeting_without_an_answer_is_given_up_in_time) {
    start(200ms);
    fake->on_greeting = [](peer& p, const words&) {
        if (p.number > 1) p.send("+OK\r\n");
    };
    fake->on_command = pong;
    error_code ec;
    EXPECT_LT(elapsed([&] { ec = wait(store->ping()).error(); }), 400ms);
    EXPECT_EQ(ec, errc::store_unavailable);
    run_for(io, 1500ms);
    EXPECT_TRUE(wait(store->ping()));
}

TEST_F(redis_greeting, credentials_open_the_door_and_are_never_logged) {
    fake = std::make_unique<fake_redis>(io);
    const std::string at = "@127.0.0.1:" + std::to_string(fake->port());
    fake->on_greeting = [](peer& p, const words& w) {
        if (w[0] == "AUTH" && w.back() != "right") return p.send("-WRONGPASS invalid " + w.back() + "\r\n");
        p.send(w[0] == "CLIENT" ? "-NOPERM no\r\n" : "+OK\r\n");
    };
    fake->on_command = pong;

    testing::internal::CaptureStderr();
    start("redis://app:hunter2" + at + "/7", 200ms);
    EXPECT_EQ(wait(store->ping()).error(), errc::store_refused);
    run_for(io, 700ms);
    EXPECT_GE(fake->connections, 3u);
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, testing::HasSubstr("AUTH refused: WRONGPASS"));
    EXPECT_THAT(log, testing::HasSubstr("redis://127.0.0.1:" + std::to_string(fake->port()) + "/7"));
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
    EXPECT_THAT(log, testing::Not(testing::HasSubstr("hunter2")));

    fake->greetings.clear();
    start("redis://app:right" + at + "/7");
    EXPECT_TRUE(wait(store->ping()));
    EXPECT_EQ(
        fake->greetings,
        (std::vector<words>{{"AUTH", "app", "right"}, {"SELECT", "7"}, {"CLIENT", "SETNAME", "vestibule"}}));
    fake->greetings.clear();
    start("redis://:right" + at);
    EXPECT_TRUE(wait(store->ping()));
    EXPECT_EQ(fake->greetings, (std::vector<words>{{"AUTH", "right"}, {"CLIENT", "SETNAME", "vestibule"}}));
}

TEST_F(redis_greeting, a_door_that_stays_shut_says_why) {
    const std::pair<std::string, std::string> rows[] = {
        {"-NOAUTH Authentication required.\r\n", "NOAUTH"},
        {"-DENIED Redis is running in protected mode\r\n", "protected mode"},
        {"\x15\x03\x03", "is this a TLS port?"},
        {"$1\r\na\r\n", "answers that are not of Redis"},
        {"+OK\r\n+OK\r\n", "more answers than questions"},
        {"", "closed during the greeting"},
    };
    for (const auto& [bytes, expected] : rows) {
        testing::internal::CaptureStderr();
        start(150ms);
        fake->on_greeting = [&bytes = bytes](peer& p, const words&) {
            p.send(bytes);
            if (bytes.empty()) p.close();
        };
        EXPECT_FALSE(wait(store->ping()));
        EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr(expected));
    }
}

}  // namespace
}  // namespace vestibule::test

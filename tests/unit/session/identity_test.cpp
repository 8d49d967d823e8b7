#include <vestibule/session/identity.hpp>

#include <gtest/gtest.h>

namespace vestibule::session {
namespace {

using namespace std::chrono_literals;

constexpr unix_time now{milliseconds(1'767'323'045'678)};

lifecycle_params rules(const char* user = "/user/id", std::optional<milliseconds> renew = {}) {
    lifecycle_params p;
    if (user != nullptr) p.user = json_pointer::parse(user).value();
    p.renew_id = renew;
    return p;
}

std::string with(const std::string& members) {
    return R"({"cookie":{"originalMaxAge":60000,"expires":"2001-01-01T00:00:00.000Z"})" + members + "}";
}

std::string user_in(const std::string& members, const lifecycle_params& p = rules()) {
    const std::string text = with(members);
    return user_of(document::parse(text).value(), p);
}

sid_step step_of(const std::string& members, const lifecycle_params& p = rules()) {
    const std::string text = with(members);
    return judge_sid(document::parse(text).value(), p, now);
}

TEST(user_of, table) {
    EXPECT_EQ(user_in(R"(,"user":{"id":"u1"})"), "u1");
    EXPECT_EQ(user_in(R"(,"user":{"id":17})"), "17");
    EXPECT_EQ(user_in(R"(,"user":{"id":"zo\u00eb"})"), "zo%C3%AB");
    for (const char* nobody : {"", R"(,"user":null)", R"(,"user":{"id":null})", R"(,"user":{"id":""})",
                               R"(,"user":{"id":false})", R"(,"user":{"id":{}})", R"(,"user":7)"})
        EXPECT_EQ(user_in(nobody), "") << nobody;
    EXPECT_EQ(user_in(R"(,"user":{"id":"u1"})", rules(nullptr)), "");
    EXPECT_EQ(user_in(R"(,"passport":{"user":"bn"})", rules("/passport/user")), "bn");
}

TEST(judge_sid, follows_the_user) {
    EXPECT_EQ(step_of(""), sid_step::note);
    EXPECT_EQ(step_of(R"(,"user":{"id":"u1"})"), sid_step::note);
    EXPECT_EQ(step_of(R"(,"vestibule":{"user":null})"), sid_step::keep);
    EXPECT_EQ(step_of(R"(,"user":{"id":"u1"},"vestibule":{"user":"u1"})"), sid_step::keep);
    // Written by others in another way.
    EXPECT_EQ(step_of(R"(,"user":{"id":"zo\u00eb"},"vestibule":{"user":"zo)"
                      "\xc3\xab\"}"),
              sid_step::keep);
    // Logged in, out, or as somebody else, in place.
    EXPECT_EQ(step_of(R"(,"user":{"id":"u1"},"vestibule":{"user":null})"), sid_step::replace);
    EXPECT_EQ(step_of(R"(,"vestibule":{"user":"u1"})"), sid_step::replace);
    EXPECT_EQ(step_of(R"(,"user":{"id":"u2"},"vestibule":{"user":"u1"})"), sid_step::replace);
    EXPECT_EQ(step_of(R"(,"user":{"id":"u2"},"vestibule":{"user":"u1"})", rules(nullptr)), sid_step::keep);
}

TEST(judge_sid, follows_the_age) {
    const auto p = rules(nullptr, 15min);
    EXPECT_EQ(step_of("", p), sid_step::note);
    EXPECT_EQ(step_of(R"(,"vestibule":{"made":1767323045678})", p), sid_step::keep);
    EXPECT_EQ(step_of(R"(,"vestibule":{"made":1767322145679})", p), sid_step::keep);
    EXPECT_EQ(step_of(R"(,"vestibule":{"made":1767322145678})", p), sid_step::renew);
    EXPECT_EQ(step_of(R"(,"vestibule":{"made":"x"})", p), sid_step::note);
}

TEST(noted, writes_only_what_a_rule_needs) {
    const std::string text = with(R"(,"a":1)");
    EXPECT_EQ(noted(text, rules(nullptr), noting::as_it_is, now).value(), text);
    EXPECT_EQ(noted(text, rules(), noting::as_it_is, now).value(),
              with(R"(,"a":1,"vestibule":{"user":null})"));
    auto p = rules("/user/id", 15min);
    p.absolute_timeout = 8h;
    EXPECT_EQ(
        noted(with(R"(,"user":{"id":"u1"})"), p, noting::as_it_is, now).value(),
        with(R"(,"user":{"id":"u1"},"vestibule":{"since":1767323045678,"made":1767323045678,"user":"u1"})"));
}

TEST(noted, keeps_its_beginning_unless_somebody_logs_in) {
    auto p = rules("/user/id", 15min);
    p.absolute_timeout = 8h;
    const std::string text =
        with(R"(,"user":{"id":"u2"},"vestibule":{"since":5,"made":6,"user":"u1","vault":[1]})");
    const auto own = [&](noting how) {
        static std::string out;
        out = noted(text, p, how, now).value();
        return document::parse(out).value().own();
    };
    EXPECT_EQ(own(noting::new_sid).since, unix_time(5ms));
    EXPECT_EQ(own(noting::new_sid).made, now);
    EXPECT_EQ(own(noting::new_sid).vault, "[1]");
    EXPECT_EQ(own(noting::login).since, now);
    EXPECT_EQ(own(noting::login).user, "\"u2\"");
    EXPECT_EQ(own(noting::as_it_is).made, unix_time(6ms));
    EXPECT_EQ(own(noting::as_it_is).user, "\"u1\"") << "the change of user is still to be seen";
}

TEST(noted, dates_the_cookie_of_a_new_sid) {
    EXPECT_EQ(noted(with(""), rules(nullptr), noting::new_sid, now).value(),
              R"({"cookie":{"originalMaxAge":60000,"expires":"2026-01-02T03:05:05.678Z"}})");
    const std::string endless = R"({"cookie":{"originalMaxAge":null,"expires":null}})";
    EXPECT_EQ(noted(endless, rules(nullptr), noting::new_sid, now).value(), endless);
}

}  // namespace
}  // namespace vestibule::session

#include "server/stream_verdict.hpp"

#include <gtest/gtest.h>

namespace vestibule::server {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t open_route = 0, any_session = 1, gold_only = 2;

session::json_pointer at(const char* p) {
    return session::json_pointer::parse(p).value();
}

server_params params() {
    server_params p;
    p.session.secrets = {"keyboard cat"};
    p.session.life.absolute_timeout = hours(1);
    p.session.life.idle_limit = minutes(30);
    policy::requirement user, tier;
    user.pointer = at("/passport/user");
    user.present = true;
    tier.pointer = at("/tier");
    tier.any_of = {"gold"};
    p.policy.routes = {{.path = "/open"},
                       {.path = "/any", .session = policy::session_mode::required},
                       {.path = "/gold", .session = policy::session_mode::required, .require = {user, tier}}};
    return p;
}

std::string since(milliseconds ago) {
    const unix_time t = wall_now() - ago;
    return R"("vestibule":{"since":)" + std::to_string(t.time_since_epoch().count()) + "}";
}

TEST(judge_stream, table) {
    const auto s = std::make_shared<const site>(params());
    const std::string gold = R"("passport":{"user":7},"tier":"gold")";
    const struct {
        const char* name;
        std::string members;  // beside `cookie`; empty: no session document
        std::optional<milliseconds> ttl;
        std::size_t route;
        stream_end end;
    } cases[] = {
        {"alive", gold, minutes(20), gold_only, stream_end::none},
        {"alive, and nothing is required", R"("x":1)", minutes(20), open_route, stream_end::none},
        {"alive, and any session will do", R"("x":1)", minutes(20), any_session, stream_end::none},
        {"past the route the table has", R"("x":1)", minutes(20), 3, stream_end::none},
        {"young", gold + "," + since(minutes(59)), minutes(1), gold_only, stream_end::none},
        {"absolute end", gold + "," + since(minutes(61)), minutes(20), gold_only, stream_end::expired},
        {"absolute end, nothing required", since(hours(2)), minutes(20), open_route, stream_end::expired},
        {"idle for longer than the limit", gold, hours(23), gold_only, stream_end::expired},
        {"logged out in the same session", R"("passport":{},"tier":"gold")", minutes(20), gold_only,
         stream_end::denied},
        {"user null", R"("passport":{"user":null},"tier":"gold")", minutes(20), gold_only,
         stream_end::denied},
        {"another tier", R"("passport":{"user":7},"tier":"silver")", minutes(20), gold_only,
         stream_end::denied},
        {"another tier, nothing required", R"("tier":"silver")", minutes(20), open_route, stream_end::none},
        {"no document any more", "", minutes(20), open_route, stream_end::gone},
    };
    for (const auto& c : cases) {
        const std::string value =
            c.members.empty() ? "[]" : R"({"cookie":{"originalMaxAge":86400000},)" + c.members + "}";
        const session::session_ptr now(new session::stored_session(value, c.ttl, mono_now()));
        EXPECT_EQ(judge_stream(now.get(), {s, c.route}).end, c.end) << c.name;
        EXPECT_TRUE(judge_stream(now.get(), {s, c.route}).follow.empty()) << c.name;
    }
    for (const std::size_t route : {open_route, any_session, gold_only})
        EXPECT_EQ(judge_stream(nullptr, {s, route}).end, stream_end::gone) << route;
}

TEST(judge_stream, where_it_has_not_stayed) {
    using session::standing;
    const auto s = std::make_shared<const site>(params());
    const struct {
        standing state;
        stream_end end;
        std::string_view follow;
    } cases[] = {{standing::moved, stream_end::none, "other"},
                 {standing::ended, stream_end::gone, ""},
                 {standing::replaced, stream_end::gone, ""}};
    for (const auto& c : cases) {
        const session::session_ptr now(new session::stored_session(c.state, std::string(c.follow)));
        const stream_verdict v = judge_stream(now.get(), {s, gold_only});
        EXPECT_EQ(v.end, c.end);
        EXPECT_EQ(v.follow, c.follow);
    }
}

TEST(judge_stream, follows_the_user) {
    server_params p = params();
    p.session.life.user = at("/passport/user");
    const auto s = std::make_shared<const site>(std::move(p));
    const struct {
        std::string began, members;
        stream_end end;
    } cases[] = {{"7", R"("passport":{"user":7})", stream_end::none},
                 {"7", R"("passport":{"user":"7"})", stream_end::none},
                 {"", R"("passport":{})", stream_end::none},
                 {"", R"("x":1)", stream_end::none},
                 {"7", R"("passport":{"user":8})", stream_end::other_user},
                 {"7", R"("passport":{})", stream_end::other_user},
                 {"7", R"("x":1)", stream_end::other_user},
                 {"", R"("passport":{"user":8})", stream_end::other_user}};
    for (const auto& c : cases) {
        const session::session_ptr now(
            new session::stored_session(R"({"cookie":{},)" + c.members + "}", minutes(20), mono_now()));
        EXPECT_EQ(judge_stream(now.get(), {s, open_route, c.began}).end, c.end) << c.began << c.members;
        // The same where it is noted already.
        now->notes().site = s->number;
        now->notes().user = "8";
        EXPECT_EQ(judge_stream(now.get(), {s, open_route, "8"}).end, stream_end::none);
        EXPECT_EQ(judge_stream(now.get(), {s, open_route, "7"}).end, stream_end::other_user);
    }
}

}  // namespace
}  // namespace vestibule::server

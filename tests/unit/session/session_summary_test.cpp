#include <vestibule/session/session_summary.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

namespace vestibule::session {
namespace {

const unix_time now(milliseconds(1'700'000'000'000));
const mono_time at{std::chrono::hours(1)};

stored_session stored(std::string value, std::optional<milliseconds> ttl = seconds(3600)) {
    return {std::move(value), ttl, at};
}

lifecycle_params params() {
    lifecycle_params p;
    p.user = json_pointer::parse("/user/id").value();
    p.absolute_timeout = std::chrono::hours(8);
    return p;
}

TEST(summary, says_what_is_known) {
    struct {
        const char *value, *state, *user, *times;
    } cases[] = {
        {R"({"cookie":{}})", "live", "null", "null null null"},
        {R"({"cookie":{},"user":{"id":"alice"}})", "live", R"("alice")", "null null null"},
        {R"({"cookie":{},"user":{"id":42}})", "live", R"("42")", "null null null"},
        {"{\"cookie\":{},\"user\":{\"id\":\" J\xC3\xBCrgen 100%\"}}", "live", "\" J\xC3\xBCrgen 100%\"",
         "null null null"},
        {R"({"cookie":{},"user":{"id":{"a": 1}}})", "live", R"("{\"a\":1}")", "null null null"},
        {R"({"cookie":{},"user":{"id":null}})", "live", "null", "null null null"},
        {R"({"cookie":{},"vestibule":{"since":1699999990000,"made":1699999995000}})", "live", "null",
         R"("2023-11-14T22:13:10.000Z" "2023-11-15T06:13:10.000Z" "2023-11-14T22:13:15.000Z")"},
        {R"({"cookie":{},"vestibule":{"since":1000}})", "expired", "null",
         R"("1970-01-01T00:00:01.000Z" "1970-01-01T08:00:01.000Z" null)"},
        {"[1]", "malformed", "null", "null null null"},
        {"", "malformed", "null", "null null null"},
    };
    for (const auto& c : cases) {
        std::istringstream times(c.times);
        std::string since, ends, renewed;
        times >> since >> ends >> renewed;
        EXPECT_EQ(to_json(summary_of("H", stored(c.value), params(), now, at)),
                  R"({"handle":"H","state":")" + std::string(c.state) + R"(","user":)" + c.user +
                      R"(,"ttl":3600,"since":)" + since + R"(,"ends":)" + ends + R"(,"renewed":)" + renewed +
                      R"(,"bytes":)" + std::to_string(std::strlen(c.value)) + "}")
            << c.value;
    }
}

TEST(summary, of_any_number_is_safe) {
    for (const char* since : {"9223372036854775807", "-9223372036854775808", "1e300", "-1"}) {
        const std::string value = R"({"cookie":{},"vestibule":{"since":)" + std::string(since) + "}}";
        EXPECT_FALSE(to_json(summary_of("H", stored(value), params(), now, at)).empty());
    }
}

TEST(summary, counts_the_ttl_down) {
    const stored_session s = stored("{}", milliseconds(10'000));
    EXPECT_EQ(summary_of("H", s, {}, now, at + seconds(4)).ttl, milliseconds(6'000));
    EXPECT_EQ(summary_of("H", stored("{}", std::nullopt), {}, now, at).ttl, std::nullopt);
    const std::string rounded = to_json(summary_of("H", s, {}, now, at + milliseconds(9'999)));
    EXPECT_NE(rounded.find("\"ttl\":1,"), rounded.npos);
}

TEST(members, are_told_by_type_and_size) {
    const stored_session s = stored(R"( {"cookie":{"path":"/"}, "cart" : [1, 2], "n":-1.5,"t":true,)"
                                    R"("x":null,"s":"a\"b","\u0061":{}, "a":false})");
    session_details d{{.handle = "H"}, members_of(s, "the sid", false)};
    EXPECT_EQ(
        to_json(d),
        R"({"handle":"H","state":"live","user":null,"ttl":null,"since":null,"ends":null,"renewed":null,)"
        R"("bytes":0,)"
        R"("members":[{"name":"cookie","type":"object","bytes":12},{"name":"cart","type":"array","bytes":6},)"
        R"({"name":"n","type":"number","bytes":4},{"name":"t","type":"boolean","bytes":4},)"
        R"({"name":"x","type":"null","bytes":4},{"name":"s","type":"string","bytes":6},)"
        R"({"name":"a","type":"object","bytes":2},{"name":"a","type":"boolean","bytes":5}]})");
}

TEST(members, tell_their_values_where_asked_for_and_never_what_is_secret) {
    const stored_session s =
        stored(R"({"\u0063ookie":"secret-c","cookie":{"path":"secret-a"},"vestibule":{"vault":["secret-b"]},)"
               "\"cart\":{\n \"tea\" : 1\r\n},\"self\":\"with-the-sid-inside\",\"x-the-sid\":{}}");
    const std::string told = to_json(session_details{{.handle = "H"}, members_of(s, "the-sid", true)});
    EXPECT_EQ(told.find("secret"), told.npos) << told;
    EXPECT_EQ(told.find("the-sid"), told.npos) << told;
    EXPECT_EQ(told.find('\n'), told.npos);
    EXPECT_NE(told.find(R"({"name":"cart","type":"object","bytes":15,"value":{  "tea" : 1  }})"), told.npos)
        << told;
    EXPECT_NE(told.find(R"({"name":"self","type":"string","bytes":21})"), told.npos) << told;
}

TEST(members, of_no_document_are_none) {
    for (const char* value :
         {"", "null", "[1,2]", "{\"a\":1}", "{\"cookie\":{}", "{\"cookie\":{},\"a\":secret}"})
        EXPECT_TRUE(members_of(stored(value), "sid", true).empty()) << value;
}

}  // namespace
}  // namespace vestibule::session

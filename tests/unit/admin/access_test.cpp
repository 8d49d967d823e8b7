#include "admin/access.hpp"

#include <gtest/gtest.h>

namespace vestibule::admin {
namespace {

constexpr const char* token = "a token of operators";

unsigned asked(const api_request& r, const std::string& host, const std::string& wanted = "") {
    const auto refused = refusal(r, {.host = host, .token = wanted});
    if (!refused) return 200;
    EXPECT_EQ(refused->body.find(token), std::string::npos);
    EXPECT_EQ(refused->wants_token, refused->status == http::status::unauthorized);
    return static_cast<unsigned>(refused->status);
}

TEST(access, with_a_token_wherever_it_listens) {
    struct {
        std::optional<std::string> authorization;
        unsigned status;
    } cases[] = {
        {"Bearer a token of operators", 200},
        {"bearer   a token of operators ", 200},
        {"BEARER a token of operators", 200},
        {"Bearer a token of operator", 401},
        {"Bearer a token of operators!", 401},
        {"Bearer A token of operators", 401},
        {"Bearer", 401},
        {"Bearer ", 401},
        {"", 401},
        {"a token of operators", 401},
        {"Basic a token of operators", 401},
        {std::nullopt, 401},
    };
    for (const auto& c : cases)
        for (const char* host : {"127.0.0.1", "0.0.0.0", "::", "10.1.2.3"}) {
            api_request r{.host = "admin.example.com", .authorization = c.authorization};
            EXPECT_EQ(asked(r, host, token), c.status) << c.authorization.value_or("none") << ' ' << host;
            r.origin = "https://console.example.com";
            EXPECT_EQ(asked(r, host, token), c.status) << "a page that knows the token may";
        }
}

TEST(access, without_a_token_on_a_loopback_address_only) {
    for (const char* host : {"0.0.0.0", "::", "10.1.2.3", "::ffff:127.0.0.1", "fe80::1"}) {
        const auto refused = refusal({.host = "localhost"}, {.host = host});
        ASSERT_TRUE(refused) << host;
        EXPECT_EQ(refused->status, http::status::forbidden);
        EXPECT_NE(refused->body.find("admin.token"), std::string::npos);
        EXPECT_EQ(asked({.host = "localhost", .authorization = "Bearer anything"}, host), 403u);
        EXPECT_EQ(asked({.host = "localhost", .authorization = "Bearer "}, host), 403u);
    }
}

TEST(access, without_a_token_not_for_pages_in_a_browser) {
    struct {
        std::optional<std::string> host, origin;
        unsigned status;
    } cases[] = {
        {"localhost", {}, 200},
        {"localhost:9090", {}, 200},
        {"LocalHost:9090", {}, 200},
        {"127.0.0.1:9090", {}, 200},
        {"127.0.0.2", {}, 200},
        {"[::1]:9090", {}, 200},
        {"[::1]", {}, 200},
        {"attacker.example:9090", {}, 403},
        {"localhost.attacker.example", {}, 403},
        {"127.0.0.1.attacker.example", {}, 403},
        {"attacker.example:127.0.0.1", {}, 403},
        {"10.0.0.1:9090", {}, 403},
        {"[", {}, 403},
        {"[]", {}, 403},
        {"", {}, 403},
        {{}, {}, 403},
        {"localhost:9090", "https://attacker.example", 403},
        {"localhost:9090", "http://localhost:9090", 403},
        {"localhost:9090", "null", 403},
        {"localhost:9090", "", 403},
    };
    for (const auto& c : cases)
        for (const char* host : {"127.0.0.1", "::1"})
            EXPECT_EQ(asked({.host = c.host, .origin = c.origin}, host), c.status)
                << c.host.value_or("none") << ' ' << c.origin.value_or("none");
    EXPECT_EQ(asked({.host = "127.0.0.9:1"}, "127.0.0.9"), 200u);
}

TEST(access, what_the_api_is) {
    for (const char* target : {"/api/", "/api/sessions", "/api/users/a/sessions", "/api/nothing"})
        EXPECT_TRUE(is_api(target)) << target;
    for (const char* target : {"/", "/api", "/metrics", "/healthz", "/apis/"})
        EXPECT_FALSE(is_api(target)) << target;
}

}  // namespace
}  // namespace vestibule::admin

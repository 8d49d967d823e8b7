#include <vestibule/policy/policy.hpp>

#include "count_allocations.hpp"

#include <gtest/gtest.h>

#include <span>

namespace vestibule::policy {
namespace {

route_table table_of(std::vector<route_params> routes) {
    return route_table({.routes = std::move(routes)});
}

struct match_case {
    route_params route;
    request_facts request;
    bool matches;
};

void check(std::span<const match_case> cases) {
    for (const auto& [route, request, matches] : cases) {
        const route_table table = table_of({route});
        EXPECT_EQ(table.match(request), matches ? 0u : 1u)
            << route.path << " " << route.host << " for " << request.method << " " << request.host
            << request.match_path;
    }
}

TEST(route_table, paths) {
    const match_case cases[] = {
        {{.path = "/*"}, {"GET", "/", "h"}, true},
        {{.path = "/*"}, {"GET", "/a/b", "h"}, true},
        {{.path = "/"}, {"GET", "/", "h"}, true},
        {{.path = "/"}, {"GET", "/a", "h"}, false},
        {{.path = "/account"}, {"GET", "/account", "h"}, true},
        {{.path = "/account"}, {"GET", "/account/", "h"}, false},
        {{.path = "/account"}, {"GET", "/accounts", "h"}, false},
        {{.path = "/account"}, {"GET", "/Account", "h"}, false},
        {{.path = "/account/*"}, {"GET", "/account/", "h"}, true},
        {{.path = "/account/*"}, {"GET", "/account/a/b", "h"}, true},
        {{.path = "/account/*"}, {"GET", "/account", "h"}, true},
        {{.path = "/account/*"}, {"GET", "/accounts", "h"}, false},
        {{.path = "/account/*"}, {"GET", "/accounts/x", "h"}, false},
        {{.path = "/account/*"}, {"GET", "/accoun", "h"}, false},
        {{.path = "/account/*"}, {"GET", "/", "h"}, false},
        {{.path = "/account/*"}, {"GET", "/x/account/y", "h"}, false},
        {{.path = "/a*"}, {"GET", "/a*", "h"}, true},
        {{.path = "/a*"}, {"GET", "/ab", "h"}, false},
    };
    check(cases);
}

route_params closed(std::string path) {
    return {.path = std::move(path), .session = session_mode::required};
}

TEST(route_table, what_is_closed_is_so_however_a_backend_may_spell_it) {
    const match_case cases[] = {
        {closed("/account"), {"GET", "/account", "h"}, true},
        {closed("/account"), {"GET", "/Account", "h"}, true},
        {closed("/Account"), {"GET", "/aCCOUNT/", "h"}, true},
        {closed("/account/"), {"GET", "/ACCOUNT", "h"}, true},
        {closed("/account/"), {"GET", "/account/", "h"}, true},
        {closed("/account"), {"GET", "/account/x", "h"}, false},
        {closed("/account"), {"GET", "/accounts", "h"}, false},
        {closed("/account"), {"GET", "/accoun", "h"}, false},
        {closed("/account"), {"GET", "/", "h"}, false},
        {closed("/account/*"), {"GET", "/ACCOUNT", "h"}, true},
        {closed("/account/*"), {"GET", "/Account/", "h"}, true},
        {closed("/account/*"), {"GET", "/Account/x", "h"}, true},
        {closed("/account/*"), {"GET", "/Accounts", "h"}, false},
        {closed("/"), {"GET", "/", "h"}, true},
        {closed("/"), {"GET", "/a", "h"}, false},
        {closed("/*"), {"GET", "/", "h"}, true},
        {closed("/*"), {"GET", "/A/b", "h"}, true},
        {closed("/admin.php"), {"GET", "/Admin.PHP", "h"}, true},
        {closed("/admin.php"), {"GET", "/admin.php/", "h"}, true},
        {closed("/admin.php"), {"GET", "/admin.php/x/y", "h"}, true},
        {closed("/admin.php"), {"GET", "/admin.phpx", "h"}, false},
        {closed("/v1.0/admin"), {"GET", "/v1.0/admin/x", "h"}, false},
        {closed("/v1.0/admin"), {"GET", "/V1.0/admin/", "h"}, true},
        {closed("/%C3%A9"), {"GET", "/%C3%A9/", "h"}, true},
        {closed("/%C3%A9"), {"GET", "/%C3%89", "h"}, false},
        {{.path = "/admin.php", .session = session_mode::off}, {"GET", "/admin.php/x", "h"}, false},
        {{.path = "/assets/*", .session = session_mode::off}, {"GET", "/Assets/x", "h"}, false},
        {{.path = "/a", .session = session_mode::optional}, {"GET", "/a/", "h"}, false},
    };
    check(cases);
    const route_table open_within = table_of({{.path = "/account/help"}, closed("/account/*")});
    EXPECT_EQ(open_within.match({"GET", "/account/help", "h"}), 0u);
    EXPECT_EQ(open_within.match({"GET", "/Account/help", "h"}), 1u);
}

TEST(route_table, methods) {
    const match_case cases[] = {
        {{.methods = {}}, {"DELETE", "/", "h"}, true},
        {{.methods = {"GET"}}, {"GET", "/", "h"}, true},
        {{.methods = {"GET"}}, {"HEAD", "/", "h"}, true},
        {{.methods = {"get"}}, {"Head", "/", "h"}, true},
        {{.methods = {"HEAD"}}, {"GET", "/", "h"}, false},
        {{.methods = {"HEAD"}}, {"HEAD", "/", "h"}, true},
        {{.methods = {"POST"}}, {"HEAD", "/", "h"}, false},
        {{.methods = {"POST", "PUT"}}, {"put", "/", "h"}, true},
        {{.methods = {"post"}}, {"POST", "/", "h"}, true},
        {{.methods = {"POST"}}, {"POSTS", "/", "h"}, false},
        {{.methods = {"POST"}}, {"POS", "/", "h"}, false},
    };
    check(cases);
}

TEST(route_table, hosts) {
    const match_case cases[] = {
        {{.host = ""}, {"GET", "/", ""}, true},
        {{.host = "example.com"}, {"GET", "/", "example.com"}, true},
        {{.host = "example.com"}, {"GET", "/", "EXAMPLE.Com"}, true},
        {{.host = "Example.COM"}, {"GET", "/", "example.com"}, true},
        {{.host = "example.com"}, {"GET", "/", "example.com:8080"}, true},
        {{.host = "example.com"}, {"GET", "/", "example.com:"}, true},
        {{.host = "example.com"}, {"GET", "/", "example.com."}, true},
        {{.host = "example.com"}, {"GET", "/", "example.com.:443"}, true},
        {{.host = "example.com.:80"}, {"GET", "/", "example.com"}, true},
        {{.host = "example.com"}, {"GET", "/", ""}, false},
        {{.host = "example.com"}, {"GET", "/", "www.example.com"}, false},
        {{.host = "example.com"}, {"GET", "/", "example.com.evil.test"}, false},
        {{.host = "example.com"}, {"GET", "/", "example.co"}, false},
        {{.host = "::1"}, {"GET", "/", "[::1]"}, true},
        {{.host = "::1"}, {"GET", "/", "[::1]:8080"}, true},
        {{.host = "[::1]"}, {"GET", "/", "[::1]:8080"}, true},
        {{.host = "[2001:DB8::1]"}, {"GET", "/", "[2001:db8::1]"}, true},
        {{.host = "::1"}, {"GET", "/", "[::2]"}, false},
        {{.host = "::"}, {"GET", "/", "[::1]"}, false},
        {{.host = "127.0.0.1"}, {"GET", "/", "127.0.0.1:80"}, true},
        {{.host = "x"}, {"GET", "/", "["}, false},
        {{.host = "x"}, {"GET", "/", "[]:x"}, false},
        {{.host = "x"}, {"GET", "/", ":"}, false},
    };
    check(cases);
}

TEST(route_table, first_match_wins) {
    const route_table table = table_of({
        {.path = "/assets/*", .methods = {"GET"}, .session = session_mode::off},
        {.path = "/assets/private", .session = session_mode::required},
        {.path = "/*", .host = "admin.test", .session = session_mode::required},
        {.path = "/login", .session = session_mode::optional},
    });
    EXPECT_EQ(table.match({"GET", "/assets/private", "h"}), 0u);
    EXPECT_EQ(table.match({"POST", "/assets/private", "h"}), 1u);
    EXPECT_EQ(table.match({"POST", "/login", "admin.test"}), 2u);
    EXPECT_EQ(table.match({"POST", "/login", "h"}), 3u);
    EXPECT_EQ(table.match({"POST", "/", "h"}), 4u);
    EXPECT_EQ(table.at(3).session, session_mode::optional);
    EXPECT_EQ(table.name(0), "/assets/*");
}

TEST(route_table, without_a_match_a_session_is_issued) {
    const route_table table = table_of({});
    EXPECT_EQ(table.size(), 0u);
    EXPECT_EQ(table.match({"GET", "/", "h"}), 0u);
    EXPECT_EQ(table.at(0).session, session_mode::issue);
    EXPECT_TRUE(table.at(0).require.empty());
    EXPECT_EQ(table.name(0), "default");
    EXPECT_EQ(table_of({{.path = "/a"}}).name(1), "default");
}

TEST(route_table, matching_allocates_nothing) {
    const route_table table =
        table_of({{.path = "/a-long-path-beyond-any-small-string/*"},
                  {.path = "/*", .methods = {"POST"}},
                  {.path = "/*", .host = "a-long-host-beyond-any-small-string.example"}});
    std::size_t index = 0;
    const std::size_t n = test::count_allocations([&] {
        index = table.match({"GET", "/b", "A-long-host-beyond-any-small-string.example.:8080"});
    });
    EXPECT_EQ(index, 2u);
    EXPECT_EQ(n, 0u);
}

}  // namespace
}  // namespace vestibule::policy

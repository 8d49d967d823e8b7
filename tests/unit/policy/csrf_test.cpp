#include <vestibule/policy/csrf.hpp>

#include <gtest/gtest.h>

namespace vestibule::policy {
namespace {

using text = std::optional<std::string_view>;
constexpr std::nullopt_t no = std::nullopt;

// To https://app.example.com, unless a row says otherwise; https://partner.test is allowed.
struct csrf_case {
    const char* name;
    std::string_view method;
    text site, origin, referer;
    csrf_verdict verdict;
    bool websocket = false;
    bool https = true;
    std::string_view host = "app.example.com";
};

constexpr std::string_view own = "https://app.example.com", partner = "https://partner.test",
                           evil = "https://evil.test";

TEST(judge_csrf, table) {
    using enum csrf_verdict;
    const csrf_case cases[] = {
        // Safe methods are anybody's.
        {"link", "GET", "cross-site", evil, no, passes},
        {"head", "HEAD", "cross-site", evil, no, passes},
        {"options", "OPTIONS", "cross-site", evil, no, passes},
        {"trace", "TRACE", "cross-site", evil, no, passes},
        {"lower case is another method", "get", "cross-site", evil, no, cross_site},
        {"method nobody knows", "FROBNICATE", "cross-site", evil, no, cross_site},
        // Fetch metadata.
        {"own form", "POST", "same-origin", own, no, passes},
        {"own form, no referrer", "POST", "same-origin", "null", no, passes},
        {"sub-domain", "POST", "same-site", "https://www.example.com", no, passes},
        {"typed or bookmarked", "POST", "none", no, no, passes},
        {"another site's form", "POST", "cross-site", evil, no, cross_site},
        {"another site's form, put", "PUT", "cross-site", evil, no, cross_site},
        {"another site's form, delete", "DELETE", "cross-site", evil, no, cross_site},
        {"another site without origin", "POST", "cross-site", no, "https://app.example.com/", cross_site},
        {"sandboxed frame", "POST", "cross-site", "null", no, cross_site},
        {"partner", "POST", "cross-site", partner, no, passes},
        {"partner, other spelling", "POST", "cross-site", "HTTPS://Partner.test:443", no, passes},
        {"partner over http", "POST", "cross-site", "http://partner.test", no, cross_site},
        {"own origin does not speak against it", "POST", "cross-site", own, no, cross_site},
        {"unknown value", "POST", "same-universe", own, no, cross_site},
        {"empty value", "POST", "", own, no, cross_site},
        {"letter case counts", "POST", "Same-Origin", evil, no, cross_site},
        {"same-origin with no origin at all", "POST", "same-origin", "nonsense", no, unreadable},
        // Origin.
        {"own origin", "POST", no, own, no, passes},
        {"own origin, port", "POST", no, "https://app.example.com:443", no, passes},
        {"own origin, case", "POST", no, "https://APP.example.com", no, passes},
        {"origin outranks referer", "POST", no, evil, "https://app.example.com/a", foreign_origin},
        {"other scheme", "POST", no, "http://app.example.com", no, foreign_origin},
        {"other port", "POST", no, "https://app.example.com:8443", no, foreign_origin},
        {"sub-domain cannot be told", "POST", no, "https://www.example.com", no, foreign_origin},
        {"suffix", "POST", no, "https://app.example.com.evil.test", no, foreign_origin},
        {"partner by origin", "PATCH", no, partner, no, passes},
        {"null", "POST", no, "null", "https://app.example.com/a", null_origin},
        {"Null is no origin", "POST", no, "Null", no, unreadable},
        {"empty", "POST", no, "", no, unreadable},
        {"list", "POST", no, "https://app.example.com https://evil.test", no, unreadable},
        {"with a path", "POST", no, "https://app.example.com/", no, unreadable},
        // Referer.
        {"own page", "POST", no, no, "https://app.example.com/a?b#c", passes},
        {"own page, no path", "POST", no, no, "https://app.example.com", passes},
        {"partner's page", "POST", no, no, "https://partner.test/", passes},
        {"another page", "POST", no, no, "https://evil.test/?https://app.example.com/", foreign_referer},
        {"user in front", "POST", no, no, "https://app.example.com@evil.test/", foreign_referer},
        {"no url", "POST", no, no, "about:blank", foreign_referer},
        {"empty referer", "POST", no, no, "", foreign_referer},
        // No browser.
        {"api client", "POST", no, no, no, passes},
        // WebSockets are GET.
        {"handshake of our page", "GET", no, own, no, passes, true},
        {"handshake of another", "GET", no, evil, no, foreign_origin, true},
        {"handshake of another, metadata", "GET", "cross-site", evil, no, cross_site, true},
        {"handshake of a program", "GET", no, no, no, passes, true},
        // Where it was sent to.
        {"plain http", "POST", no, "http://app.example.com", no, passes, false, false},
        {"http port", "POST", no, "http://app.example.com:8080", no, passes, false, false,
         "App.Example.Com:8080"},
        {"default port said", "POST", no, "http://app.example.com", no, passes, false, false,
         "app.example.com:80"},
        {"address", "POST", no, "http://[::1]:81", no, passes, false, false, "[::1]:81"},
        {"no host", "POST", no, own, no, foreign_origin, false, true, ""},
    };
    const std::vector<std::string> allowed{std::string(partner)};
    const http::origin_set allow(allowed);
    for (const auto& c : cases)
        EXPECT_EQ(judge_csrf({.method = c.method,
                              .websocket = c.websocket,
                              .sec_fetch_site = c.site,
                              .origin = c.origin,
                              .referer = c.referer,
                              .https = c.https,
                              .host = c.host},
                             allow),
                  c.verdict)
            << c.name;
}

TEST(judge_csrf, repeated_headers_are_refused_where_they_would_count) {
    csrf_facts f{.method = "POST", .sec_fetch_site = "same-origin", .repeated = true};
    EXPECT_EQ(judge_csrf(f, {}), csrf_verdict::unreadable);
    f.method = "GET";
    EXPECT_EQ(judge_csrf(f, {}), csrf_verdict::passes);
}

TEST(source_of, names_an_origin_and_nothing_behind_it) {
    const struct {
        text origin, referer;
        const char* shown;
    } cases[] = {{"https://Evil.test:443", no, "https://evil.test"},
                 {no, "https://evil.test/a?token=secret", "https://evil.test"},
                 {"null", "https://evil.test/", "null"},
                 {"rubbish", "https://evil.test/", ""},
                 {no, "rubbish", ""},
                 {no, no, ""}};
    for (const auto& c : cases)
        EXPECT_EQ(source_of({.method = "POST", .origin = c.origin, .referer = c.referer}), c.shown);
}

}  // namespace
}  // namespace vestibule::policy

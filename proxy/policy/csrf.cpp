#include <vestibule/policy/csrf.hpp>

namespace vestibule::policy {
namespace {

// What is none of these, unknown values included, is another site.
bool is_own_site(std::string_view sec_fetch_site) noexcept {
    return sec_fetch_site == "same-origin" || sec_fetch_site == "same-site" || sec_fetch_site == "none";
}

}  // namespace

bool is_safe(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

std::string_view to_string(csrf_verdict v) noexcept {
    return csrf_verdict_names[static_cast<std::size_t>(v)];
}

csrf_verdict judge_csrf(const csrf_facts& f, const http::origin_set& allow) noexcept {
    if (is_safe(f.method) && !f.websocket) return csrf_verdict::passes;
    if (f.repeated) return csrf_verdict::unreadable;

    // "null" is what a page of our own sends, too, where its Referrer-Policy is no-referrer.
    std::optional<http::origin> from;
    if (f.origin && *f.origin != "null") {
        from = http::parse_origin(*f.origin);
        if (!from) return csrf_verdict::unreadable;
    }
    if (f.sec_fetch_site) {
        const bool passes = is_own_site(*f.sec_fetch_site) || (from && allow.contains(*from));
        return passes ? csrf_verdict::passes : csrf_verdict::cross_site;
    }
    const auto is_good = [&](const std::optional<http::origin>& o) {
        return o && (o == http::origin_of_request(f.https, f.host) || allow.contains(*o));
    };
    if (f.origin) {
        if (!from) return csrf_verdict::null_origin;
        return is_good(from) ? csrf_verdict::passes : csrf_verdict::foreign_origin;
    }
    if (f.referer)
        return is_good(http::origin_of_url(*f.referer)) ? csrf_verdict::passes
                                                        : csrf_verdict::foreign_referer;
    return csrf_verdict::passes;
}

std::string source_of(const csrf_facts& f) {
    if (f.origin == "null") return "null";
    std::optional<http::origin> from;
    if (f.origin)
        from = http::parse_origin(*f.origin);
    else if (f.referer)
        from = http::origin_of_url(*f.referer);
    return from ? http::to_string(*from) : std::string();
}

}  // namespace vestibule::policy

// Cross-site request forgery: may a page have sent this request? Pure. No token: the browser itself says
// where a request comes from (W3C Fetch Metadata; the Origin header of Fetch, 3.2).
#pragma once

#include <vestibule/http/origin.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace vestibule::policy {

/// GET, HEAD, OPTIONS, TRACE (RFC 9110 9.2.1); methods know no letter case.
bool is_safe(std::string_view method) noexcept;

/// What of a request tells who sent it. Headers that are not there are nothing, not empty.
struct csrf_facts {
    std::string_view method;
    bool websocket = false;  // asks to become a WebSocket, for which there is no preflight
    std::optional<std::string_view> sec_fetch_site{}, origin{}, referer{};
    bool repeated = false;    // one of the three came more than once
    bool https = false;       // how the client came
    std::string_view host{};  // and what it asked for, host[:port]
};

enum class csrf_verdict {
    passes,
    cross_site,       // Sec-Fetch-Site says so, and Origin is not allowed
    foreign_origin,   // Origin is neither ours nor allowed
    null_origin,      // Origin: null, of sandboxed frames, files, and redirects between sites
    foreign_referer,  // there is no Origin, and Referer is neither ours nor allowed
    unreadable,       // repeated headers, or an Origin that is none
};

/// Values of csrf_verdict, and what metrics and logs call them.
inline constexpr std::array<std::string_view, 6> csrf_verdict_names{
    "passes", "cross_site", "origin", "null_origin", "referer", "unreadable"};
std::string_view to_string(csrf_verdict v) noexcept;

/// Unsafe methods (all but GET, HEAD, OPTIONS, TRACE; RFC 9110 9.2.1) and WebSocket handshakes have to come
/// from our own site or an allowed origin; everything else passes. In this order: Sec-Fetch-Site, which
/// passes with same-origin, same-site and none, and needs an allowed Origin else; Origin; Referer. A request
/// that has none of them is no browser's and brings no cookie that its user did not put there: it passes.
csrf_verdict judge_csrf(const csrf_facts& f, const http::origin_set& allow) noexcept;

/// Where the request says that it comes from, for the log; empty where it does not, or not readably.
std::string source_of(const csrf_facts& f);

}  // namespace vestibule::policy

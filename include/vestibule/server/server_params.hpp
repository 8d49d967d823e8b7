// Everything the data path needs to know, with its defaults.
#pragma once

#include <vestibule/http/cookies.hpp>
#include <vestibule/http/forwarding.hpp>
#include <vestibule/http/head.hpp>
#include <vestibule/net/tls_params.hpp>
#include <vestibule/policy/guard_params.hpp>
#include <vestibule/policy/policy_params.hpp>
#include <vestibule/server/assertion_params.hpp>
#include <vestibule/server/capture_params.hpp>
#include <vestibule/session/document.hpp>
#include <vestibule/session/lifecycle.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vestibule::server {

using std::chrono::milliseconds;

/// Whether a connection begins with a PROXY protocol header, and whose header is believed.
struct proxy_protocol_params {
    bool on = false;
    std::vector<http::cidr> from;
    bool from_unix = false;  // from whoever can connect to the unix socket

    bool believes(const http::ip_address& peer, bool unix_socket) const noexcept {
        if (unix_socket) return from_unix;
        for (const http::cidr& c : from)
            if (c.contains(peer)) return true;
        return false;
    }
};

/// One listening socket.
struct listen_params {
    std::string address = "0.0.0.0:8080";  // as configured, for logs
    std::string host = "0.0.0.0";          // numeric; empty for a unix socket
    std::uint16_t port = 8080;             // 0: any free one, told in the log
    std::string unix_path;                 // empty for TCP
    proxy_protocol_params proxy_protocol{};
    std::optional<net::tls_server_params> tls{};
};

struct limit_params {
    http::head_limits head;                   // limits.head, .headers, .target
    std::optional<std::uint64_t> body;        // bytes of a request body; nothing: off
    std::size_t connections = 10'000;         // of the whole process; 0: no limit
    std::size_t connections_per_address = 0;  // of one client address, an IPv6 /64; 0: no limit
    std::size_t requests = 10'000;            // of one connection; 0: no limit
    std::uint64_t min_rate = 240;             // bytes a second of a body, see server/patience.hpp; 0: none
};

/// Zero means no limit.
struct timeout_params {
    milliseconds head{10'000};        // whole request head, from its first byte (or accept)
    milliseconds idle_body{30'000};   // between two reads of a request body, or two writes to a client
    milliseconds keep_alive{60'000};  // idle between two requests
    milliseconds response{60'000};    // backend: until the response head, and between two reads of its body
    milliseconds tunnel_idle{3'600'000};  // an upgraded connection on which nothing moves either way
    milliseconds drain{30'000};           // after SIGTERM
};

enum class secure_mode { automatic, on, off };

/// session.cookie
struct cookie_params {
    std::string name = "vestibule.sid";
    std::string path = "/";
    std::string domain;
    bool http_only = true;
    secure_mode secure = secure_mode::automatic;
    http::same_site_mode same_site = http::same_site_mode::lax;
    std::optional<milliseconds> max_age = std::chrono::hours(24);  // nothing: a browser-session cookie
    bool partitioned = false;
    bool forward = false;  // keep our own cookie in what the backend sees
};

/// One entry of inject.headers.
struct injected_header {
    std::string name;
    session::json_pointer pointer;
};

/// Names of headers with the whole seconds that a stored session's times have left; empty: not injected.
struct remaining_params {
    std::string idle, absolute, renewal;

    bool on() const noexcept { return !(idle.empty() && absolute.empty() && renewal.empty()); }
};

struct inject_params {
    std::string state = "X-Session-State";  // empty: not injected
    std::string id = "X-Session-Id";        // empty: not injected
    std::string client_subject;             // of the client's certificate; empty: not injected
    remaining_params remaining;
    std::vector<injected_header> headers;
};

using policy::failure_policy;

struct session_params {
    std::vector<std::string> secrets;  // at least one; first signs, all verify
    std::string handle_key;            // empty: the last of secrets
    cookie_params cookie;
    session::lifecycle_params life;
    std::optional<session::json_pointer>
        told_user;  // whose a session is, to operators: also where `auto` is off
    user_limit_params max_per_user;
    failure_policy on_failure = failure_policy::reject;  // store.on_failure

    /// The key of the public handles.
    const std::string& handle_secret() const noexcept {
        return handle_key.empty() ? secrets.back() : handle_key;
    }
    /// The rules by which operators are told of sessions.
    session::lifecycle_params told_life() const {
        session::lifecycle_params p = life;
        p.user = told_user;
        return p;
    }
};

/// Of one client address, an IPv6 one's /64. Zero means no limit.
struct flood_params {
    std::uint32_t new_sessions = 0;    // in a window, issued or stored; over it, none is
    std::uint32_t failed_cookies = 0;  // in a window; over it, requests whose cookies fail get 429
    milliseconds window{60'000};
    std::size_t max_addresses = 65'536;  // remembered, in the whole process

    bool on() const noexcept { return new_sessions > 0 || failed_cookies > 0; }
    bool operator==(const flood_params&) const = default;
};

struct server_params {
    std::vector<listen_params> listen{listen_params{}};
    std::vector<http::cidr> trusted_proxies;
    limit_params limits;
    timeout_params timeouts;
    session_params session;
    inject_params inject;
    std::vector<capture_rule> capture;
    control_params control;
    assertion_params assertion;
    vault_params vault;
    policy::policy_params policy;
    policy::csrf_params csrf;
    policy::cors_params cors;
    flood_params flood;
    upstream::upstream_params upstream;
};

}  // namespace vestibule::server

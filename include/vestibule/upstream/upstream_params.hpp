// The backends: where they are, how the load is spread, and how long we are patient with them.
#pragma once

#include <vestibule/net/tls_client_params.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vestibule::upstream {

using std::chrono::milliseconds;

/// Where a backend listens.
struct endpoint_params {
    std::string url;   // as configured, for logs and metrics
    std::string host;  // name or address; empty for a unix socket
    std::uint16_t port = 80;
    std::string unix_path;  // empty for TCP
    unsigned weight = 1;    // of the requests, relative to the others; 1 to 100
    bool tls = false;       // https
    net::tls_client_params tls_params{};

    /// Whether connections to one serve the other.
    bool same_place(const endpoint_params& o) const {
        return host == o.host && port == o.port && unix_path == o.unix_path && tls == o.tls &&
               tls_params == o.tls_params;
    }
};

enum class balance_mode {
    round_robin,
    least_requests,  // of two picked at random, the one with fewer exchanges under way
};

/// proxy.health.check
struct check_params {
    std::string path;  // target of a GET; empty: no checks
    milliseconds interval = std::chrono::seconds(5);
    milliseconds timeout = std::chrono::seconds(2);
    unsigned healthy = 2, unhealthy = 3;  // checks in a row until it counts as the other
    using range = std::pair<unsigned, unsigned>;
    std::vector<range> status = std::vector<range>(1, range(200, 399));  // any of these
    bool on() const noexcept { return !path.empty(); }
};

/// proxy.health
struct health_params {
    unsigned failures = 5;                                  // in a row take a backend out; 0: never
    milliseconds ejection = std::chrono::seconds(10);       // the first time; each further one is that longer
    milliseconds max_ejection = std::chrono::seconds(300);  // at most
    check_params check{};
};

/// How much a backend gets at a time. Of the whole process, divided among its workers.
struct load_params {
    std::size_t connections = 0;                  // to each backend, idle ones included; 0: any number
    std::size_t pending = 1000;                   // requests that wait for one
    milliseconds wait = std::chrono::seconds(5);  // and for how long; 0: no limit
    milliseconds delay{0};                        // waiting for longer than this means overload; 0: off
};

constexpr std::size_t max_backends = 64;

struct upstream_params {
    std::vector<endpoint_params> backends{endpoint_params{}};  // 1 to max_backends
    balance_mode balance = balance_mode::round_robin;
    milliseconds connect_timeout = std::chrono::seconds(2);
    milliseconds idle_timeout = std::chrono::seconds(55);  // pooled connections; 0: none are kept
    health_params health{};
    load_params load{};
};

}  // namespace vestibule::upstream

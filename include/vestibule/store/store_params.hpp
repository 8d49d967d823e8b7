// Which store, and how to reach it.
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/net/tls_client_params.hpp>
#include <vestibule/store/near_cache_params.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vestibule::store {

enum class store_kind { memory, redis, sentinel, cluster };

struct store_address {
    std::string host;  // name or address, an IPv6 one without brackets
    std::uint16_t port;
    bool operator==(const store_address&) const = default;
};

/// A store URL, taken apart.
struct store_url {
    store_kind kind = store_kind::memory;
    bool tls = false;
    std::string host = "localhost";  // of one Redis, as are port and unix_path; empty where there are seeds
    std::uint16_t port = 6379;
    std::string unix_path{};             // empty for TCP
    std::vector<store_address> seeds{};  // sentinels, or some nodes of the Cluster
    std::string service{};               // what the sentinels know the primary as
    std::string user{};                  // empty: the default user
    std::string password{};              // empty: no AUTH
    unsigned database = 0;
    net::tls_client_params tls_params{};  // of store.tls, no part of the text

    /// The URL without user and password, for logs.
    std::string display() const;
};

/// Takes apart memory:, redis://, redis+unix://, redis+sentinel:// and redis+cluster:// URLs; rediss is redis
/// over TLS (percent-escapes in user and password decoded). Error: invalid_argument, with what is wrong and
/// right in `problem`.
result<store_url> parse_store_url(const std::string& text, std::string& problem);

struct store_params {
    store_url url{};
    std::string sentinel_user{};      // empty: the sentinels' default user
    std::string sentinel_password{};  // empty: no AUTH at the sentinels
    std::string prefix = "sess:";
    std::chrono::milliseconds timeout{250};        // one operation, waiting for a connection included
    std::size_t memory_bytes = 256 * 1024 * 1024;  // memory: store only
    near_cache_params near_cache{};                // Redis only
    std::chrono::seconds tombstone{300};           // what has ended stays ended for so long; 0: no tombstones
    std::size_t max_waiting = 10'000;              // operations in flight on one worker; beyond: overloaded
};

}  // namespace vestibule::store

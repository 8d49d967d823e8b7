// What a Redis says of itself that matters for keeping sessions in it. For `vestibule doctor`.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>
#include <vestibule/base/metrics.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/store/store_params.hpp>

#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace vestibule::store {

struct redis_report {
    std::string version;                      // "7.0.15"; empty where INFO is not allowed
    std::string role;                         // "master", "slave"
    std::string maxmemory_policy;             // "noeviction", "allkeys-lru", ...
    bool append_only = false;                 // AOF is on
    bool cluster = false;                     // it is a node of one
    std::optional<milliseconds> clock_ahead;  // of Redis before ours; nothing where TIME is not allowed
    milliseconds latency{0};                  // of one round trip
};

/// Reads INFO's text into the report. Unknown lines do not count.
void read_info(std::string_view info, redis_report& out);

/// Connects, asks INFO and TIME once. Errors: those of the Redis store (errc 300-399), `problem` says why for
/// people, where that is known. `metrics` must live until `io` has no work left.
task<result<redis_report>> ask_redis(boost::asio::io_context& io, store_params params,
                                     metrics_registry& metrics, std::string& problem);

}  // namespace vestibule::store

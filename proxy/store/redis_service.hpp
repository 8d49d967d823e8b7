// What carries operations to the Redis that has the sessions: to one server, found by its address or by
// sentinels, or to the primaries of a Cluster. With it, for each server, what is kept of its sessions.
//
//     redis_store, cached_store --> redis_service --> redis_node: redis_connection, near_cache, tracking
#pragma once

#include <vestibule/store/store_params.hpp>

#include "store/near_cache.hpp"
#include "store/redis_connection.hpp"
#include "store/tracking.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace vestibule::store {

/// One server as one worker sees it.
struct redis_node {
    std::shared_ptr<redis_connection> connection;
    std::unique_ptr<near_cache> cache;  // null: none
    std::shared_ptr<tracking> watch;    // keeps it coherent

    void start();
    void stop();
};

/// Not thread-safe: each worker has its own.
class redis_service {
  public:
    virtual ~redis_service() = default;

    virtual void start() = 0;
    /// Fails what is pending and what comes after; see redis_connection::stop().
    virtual void stop() = 0;

    /// Takes an operation whose slot or part is set; see carried().
    virtual bool begin(redis_operation& op) = 0;

    /// The slot of a key; 0 where there are none.
    virtual std::uint16_t slot_of(std::string_view) const noexcept { return 0; }

    /// Who has the keys of a slot, as far as is known; null: nobody knows yet.
    virtual redis_node* node_of(std::uint16_t slot) noexcept = 0;

    /// Servers among which all keys are distributed, for redis_operation::part.
    virtual std::size_t parts() const noexcept { return 1; }

    /// Calls `f` for each near cache.
    virtual void for_each_cache(const std::function<void(near_cache&)>& f) = 0;

    /// Whether contact stands, as far as is known.
    virtual bool reachable() const noexcept = 0;

    /// Why not, for people.
    virtual std::string problem() const = 0;

    /// Called behind the caches with each sid that has changed; empty: any. Before start().
    void on_invalidated(std::function<void(std::string_view sid)> f) { on_invalidated_ = std::move(f); }

  protected:
    redis_service(boost::asio::io_context& io, const store_params& p, metrics_registry& metrics);

    redis_node make_node(std::unique_ptr<dialer> d, heartbeat h);

    boost::asio::io_context& io_;
    const store_params params_;
    const link_metrics links_;

  private:
    metric_cell *open_gauge_ = nullptr, *invalidations_ = nullptr;  // with near caches
    std::function<void(std::string_view)> on_invalidated_ = [](std::string_view) {};
};

/// For params.url.
std::shared_ptr<redis_service> make_redis_service(boost::asio::io_context& io, const store_params& p,
                                                  metrics_registry& metrics);

}  // namespace vestibule::store

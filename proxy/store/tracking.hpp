// Keeps a near cache coherent with what one redis_connection reads, by Redis' server-assisted client-side
// caching (CLIENT TRACKING): does what tracking_state says, passes on what Redis tells, listens for its
// heart.
//
// RESP3: Redis tells on the connection itself. RESP2: on an invalidation_channel; tracking holds only while
// both connections stand, and a heartbeat counts when it has come back over both.
#pragma once

#include "store/invalidation_channel.hpp"
#include "store/near_cache.hpp"
#include "store/redis_connection.hpp"
#include "store/tracking_state.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vestibule::store {

/// What is asked to know that the server is alive, and the right one.
struct heartbeat {
    std::string question;                     // a command, encoded
    std::function<bool(const reply&)> sound;  // its answer is as it should be
};

struct cache_events {
    std::function<void(std::string_view sid)> on_invalidated;  // behind the cache; empty: all of them
    std::function<void(bool)> on_open;                         // the cache is kept coherent now, or no more
};

class tracking final : public link_observer, public std::enable_shared_from_this<tracking> {
  public:
    tracking(boost::asio::io_context& io, const store_params& params, redis_connection& connection,
             near_cache& cache, cache_events events, heartbeat h);

    void start();
    /// Before the connection is stopped. Touches neither it nor the cache any more.
    void stop();

    void connected(resp_version v, const net::endpoint& at) override;
    void disconnected() override;
    void pushed(const reply& r) override;

  private:
    void arm();
    task<void> ask_for_it(tracking_state::question q);
    void refuse(const std::string& why);
    void open_channel(const net::endpoint& at);
    void close_channel();
    void show_open();
    void take_keys(const reply& keys);
    task<void> keep_beating();
    task<void> beat();

    boost::asio::io_context& io_;
    const store_params params_;
    redis_connection& connection_;
    near_cache& cache_;
    tracking_state state_;
    const cache_events events_;
    const heartbeat heartbeat_;
    bool open_ = false;  // as last told

    std::shared_ptr<invalidation_channel> channel_;  // RESP2, to the server that the connection is to
    net::timer pause_;
    bool stopped_ = false;
};

}  // namespace vestibule::store

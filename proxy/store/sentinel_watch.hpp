// Listens to one of the sentinels for +switch-master, so that a failover is followed as soon as they agree
// on it, and not when the old primary is found to be none.
//
//     start() -> connecting -> listening -> (lost, silent) -> the next sentinel -> ...  until stop()
#pragma once

#include "store/backoff.hpp"
#include "store/redis_dialer.hpp"
#include "store/sentinels.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace vestibule::store {

class sentinel_watch : public std::enable_shared_from_this<sentinel_watch> {
  public:
    /// `on_primary`: who the primary is now, by the word of a sentinel; often nobody new.
    sentinel_watch(boost::asio::io_context& io, const store_params& p,
                   std::function<void(const net::endpoint&)> on_primary);

    void start();
    /// Calls on_primary no more.
    void stop();

  private:
    task<void> run();
    task<void> listen(net::byte_stream& sentinel);
    void beat();
    bool take(const reply& r);

    boost::asio::io_context& io_;
    const store_params params_;
    std::function<void(const net::endpoint&)> on_primary_;
    std::size_t next_ = 0;
    std::optional<redis_dialer> dial_;
    backoff backoff_;
    net::timer pause_, beat_;
    net::byte_stream* listening_ = nullptr;
    bool pinged_ = false;  // and nothing heard since
    bool stopped_ = false;
};

}  // namespace vestibule::store

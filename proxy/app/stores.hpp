// From store parameters to the stores of the workers.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/server/server.hpp>
#include <vestibule/store/memory_store.hpp>
#include <vestibule/store/store_params.hpp>

namespace vestibule::app {

/// How long a loop runs on for what a store says at its end.
inline constexpr auto store_ending = milliseconds(50);

/// Makes stores of the configured kind, that of an embedded one shared by all.
class stores {
  public:
    stores(const store::store_params& p, metrics_registry& metrics);

    /// For each of that many workers: with its part of the near cache.
    server::store_factory for_workers(unsigned workers) const;
    /// For asking the store itself.
    std::unique_ptr<session::session_store> direct(boost::asio::io_context& io) const;

  private:
    store::store_params params_;
    metrics_registry& metrics_;
    std::shared_ptr<store::memory_sessions> memory_;
};

}  // namespace vestibule::app

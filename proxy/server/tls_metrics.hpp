// What one worker counts of TLS handshakes with clients.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/net/tls_server.hpp>

#include <array>

namespace vestibule::server {

class tls_metrics {
  public:
    explicit tls_metrics(metrics_registry& registry);

    void count(const net::tls_client& c) { done_[c.v1_3 ? 1 : 0][c.resumed ? 1 : 0]->add(); }
    void count(net::tls_failure f) { failed_[static_cast<std::size_t>(f)]->add(); }

  private:
    std::array<std::array<metric_cell*, 2>, 2> done_;  // by version, by whether resumed
    std::array<metric_cell*, static_cast<std::size_t>(net::tls_failure::malformed) + 1> failed_;
};

}  // namespace vestibule::server

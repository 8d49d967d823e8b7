#include "server/tls_metrics.hpp"

namespace vestibule::server {

tls_metrics::tls_metrics(metrics_registry& r) {
    for (std::size_t version = 0; version < 2; ++version)
        for (std::size_t resumed = 0; resumed < 2; ++resumed)
            done_[version][resumed] = &r.counter(
                "vestibule_tls_handshakes_total",
                "TLS handshakes with clients that came to their end, by version and whether a ticket was "
                "used.",
                {{"version", version == 0 ? "1.2" : "1.3"}, {"resumed", resumed == 0 ? "no" : "yes"}});
    for (std::size_t i = 0; i < failed_.size(); ++i)
        failed_[i] = &r.counter("vestibule_tls_handshakes_failed_total",
                                "TLS handshakes with clients that failed, by reason.",
                                {{"reason", std::string(to_string(static_cast<net::tls_failure>(i)))}});
}

}  // namespace vestibule::server

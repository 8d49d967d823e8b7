// What the connections of one worker to the store tell about themselves.
#pragma once

#include <vestibule/base/metrics.hpp>

namespace vestibule::store {

/// Shared by all connections of a worker, of which a Cluster has several.
struct link_metrics {
    explicit link_metrics(metrics_registry& r)
        : connected(
              r.gauge("vestibule_store_connected", "Connections to the session store, over all workers.")),
          reconnects(r.counter("vestibule_store_reconnects_total",
                               "Connections to the session store made anew after one was lost.")),
          broken(r.gauge("vestibule_store_breaker_open",
                         "Connections to servers of the session store that are not waited for any more.")),
          limited(r.counter("vestibule_store_refused_early_total",
                            "Operations refused because the session store was too slow for more.")) {}

    metric_cell &connected, &reconnects, &broken, &limited;
};

}  // namespace vestibule::store

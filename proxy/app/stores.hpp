// From store parameters to the stores of the workers.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/server/server.hpp>
#include <vestibule/store/store_params.hpp>

namespace vestibule::app {

/// A factory for the configured kind of store; the memory store is shared by all that it makes.
server::store_factory make_store_factory(const store::store_params& p, metrics_registry& metrics);

}  // namespace vestibule::app

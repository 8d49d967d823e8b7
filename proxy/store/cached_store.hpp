// A Redis store with near caches in front: a session in use is answered from memory, however often.
#pragma once

#include "store/redis_sessions.hpp"

#include <memory>

namespace vestibule::store {

/// `direct` asks over `service`, which is not started yet: this starts it. One question for a session is
/// under way at a time, however many wait for its answer, while the cache is open.
std::unique_ptr<session::session_store> make_cached_store(std::unique_ptr<redis_store> direct,
                                                          std::shared_ptr<redis_service> service,
                                                          metrics_registry& metrics);

}  // namespace vestibule::store

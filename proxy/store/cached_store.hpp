// A Redis store with a near cache in front: a session in use is answered from memory, however often.
#pragma once

#include <vestibule/session/session_store.hpp>

#include "store/redis_connection.hpp"

#include <memory>

namespace vestibule::store {

/// `direct` asks over `connection`, which is not started yet: this starts it. One question for a session is
/// under way at a time, however many wait for its answer, while the cache is open.
std::unique_ptr<session::session_store> make_cached_store(std::unique_ptr<session::session_store> direct,
                                                          std::shared_ptr<redis_connection> connection,
                                                          boost::asio::io_context& io,
                                                          const store_params& params,
                                                          metrics_registry& metrics);

}  // namespace vestibule::store

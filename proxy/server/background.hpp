// Store writes that no request waits for: renewing, stamping, ending sessions. They outlive the exchange
// that started them and are waited for at the end of a drain.
#pragma once

#include "server/worker.hpp"

#include <string>

namespace vestibule::server {

/// EXPIRE to `ttl`.
void touch_later(worker_state& w, std::string sid, seconds ttl);

/// Records in the document that the absolute timeout counts from `since`; a change made meanwhile by
/// others is kept (compare-and-set, repeated on a lost race).
void record_since_later(worker_state& w, std::string sid, std::string value, unix_time since);

/// Removes a session whose time is over.
void destroy_later(worker_state& w, std::string sid);

}  // namespace vestibule::server

// Whether there is room for one connection more, and what those get for whom there is none.
#pragma once

#include "server/worker.hpp"

#include <vestibule/net/stream.hpp>

#include <string_view>

namespace vestibule::server {

/// By limits.connections; the longest idle connection of this worker makes room.
bool has_room(worker_state& w);

/// Answers a connection that is not taken, as far as that goes without waiting; the caller closes it.
void refuse_connection(net::byte_stream& stream, unsigned status);

/// One line in the log, at most every ten seconds for each worker: whoever comes in thousands must not fill
/// it.
void tell_refusal(worker_state& w, std::string_view why, std::string_view client);

}  // namespace vestibule::server

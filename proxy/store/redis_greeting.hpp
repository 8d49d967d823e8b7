// What is said first on a new connection to Redis.
#pragma once

#include <vestibule/base/task.hpp>
#include <vestibule/net/stream.hpp>
#include <vestibule/store/store_params.hpp>

#include <string>

namespace vestibule::store {

/// Logs in, selects the database and names the connection, in one round trip. Has no deadline of its
/// own: closing the stream ends it. Errors: store_refused, store_protocol, store_unavailable; `problem`
/// says why for the log, without credentials.
task<error_code> greet(net::byte_stream& stream, const store_url& url, std::string& problem);

}  // namespace vestibule::store

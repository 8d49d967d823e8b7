// What is said first on a new connection to Redis.
#pragma once

#include <vestibule/base/task.hpp>
#include <vestibule/net/stream.hpp>
#include <vestibule/store/store_params.hpp>

#include <string>

namespace vestibule::store {

enum class resp_version { two = 2, three = 3 };

/// Logs in, selects the database and names the connection, in one round trip; asks for RESP3 where `wanted`
/// says so, and returns what is spoken from now on: a server that does not know RESP3 goes on with RESP2.
/// Has no deadline of its own: closing the stream ends it. Errors: store_refused, store_protocol,
/// store_unavailable; `problem` says why for the log, without credentials.
task<result<resp_version>> greet(net::byte_stream& stream, const store_url& url, resp_version wanted,
                                 std::string& problem);

}  // namespace vestibule::store

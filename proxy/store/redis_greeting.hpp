// What is said first on a new connection to Redis.
#pragma once

#include <vestibule/base/task.hpp>
#include <vestibule/net/stream.hpp>

#include <string>
#include "store/resp.hpp"

namespace vestibule::store {

enum class resp_version { two = 2, three = 3 };

struct greeting {
    std::string user{}, password{};
    unsigned database = 0;
    resp_version wanted = resp_version::two;
    bool primary = false;  // has to be one, by its own word (ROLE): what a replica lacks may exist
    bool tls = false, certificate = false;  // of ours; for complaints alone
};

/// Whether an answer to ROLE is that of a primary.
bool is_primary(const reply& role) noexcept;

/// Logs in, selects the database and names the connection, in one round trip; asks for RESP3 where `wanted`
/// says so, and returns what is spoken from now on: a server that does not know RESP3 goes on with RESP2.
/// Has no deadline of its own: closing the stream ends it. Errors: store_refused, store_protocol,
/// store_unavailable; `problem` says why for the log, without credentials.
task<result<resp_version>> greet(net::byte_stream& stream, const greeting& g, std::string& problem);

}  // namespace vestibule::store

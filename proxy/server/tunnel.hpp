// After a 101: bytes both ways, until both sides have ended.
#pragma once

#include "server/io_buffer.hpp"

#include <vestibule/base/task.hpp>
#include <vestibule/net/stream.hpp>

#include <cstdint>

namespace vestibule::server {

/// Copies from `client` (bytes already in `client_in` first) to `backend` and back. An end of one side is
/// passed on as an end (half-close); an error ends both. Returns the bytes sent to the client.
task<std::uint64_t> tunnel(net::byte_stream& client, io_buffer& client_in, net::byte_stream& backend,
                           io_buffer& backend_in);

}  // namespace vestibule::server

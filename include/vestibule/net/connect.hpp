// Opening connections: TCP by name or address, unix sockets, and TLS over either as a client.
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/net/stream.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace vestibule::net {

using executor = asio::io_context::executor_type;
using stream_socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

/// Where to connect to.
struct endpoint {
    std::string host;  // name or address
    std::uint16_t port = 0;
    std::string unix_path;  // not empty: a unix socket, host and port do not count
    bool operator==(const endpoint&) const = default;
};

/// Connects within `timeout`, all addresses of a name tried in order. TCP_NODELAY is set.
/// Errors: connect_failed, connect_timeout.
task<result<std::unique_ptr<byte_stream>>> connect(asio::io_context& io, endpoint to,
                                                   std::chrono::milliseconds timeout);

/// TLS as a client over a connected stream made by connect(): certificate name, and SNI of a name, are
/// `host`. Error: connect_failed, connect_timeout; `problem` says why, for the log.
task<result<std::unique_ptr<byte_stream>>> start_tls(asio::io_context& io, std::unique_ptr<byte_stream> over,
                                                     asio::ssl::context& context, const std::string& host,
                                                     std::chrono::milliseconds timeout, std::string& problem);

/// A stream over an accepted socket; makes it non-blocking.
std::unique_ptr<byte_stream> make_stream(stream_socket socket);

}  // namespace vestibule::net

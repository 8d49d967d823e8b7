// A connection to a backend, as its URL wants it.
#pragma once

#include <vestibule/base/task.hpp>
#include <vestibule/net/connect.hpp>
#include <vestibule/net/tls_client_context.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <memory>
#include <string>

namespace vestibule::upstream {

/// The TLS of an https backend; null for others. While somebody holds it, its files are read once and
/// sessions are resumed.
std::shared_ptr<net::tls_client_context> tls_of(const endpoint_params& p);

/// Within `timeout`. Errors: connect_failed, connect_timeout; `problem`: what they do not say, for the log.
/// `to` has to stay meanwhile.
task<result<std::unique_ptr<net::byte_stream>>> open(boost::asio::io_context& io, const endpoint_params& to,
                                                     milliseconds timeout, std::string& problem);

}  // namespace vestibule::upstream

// The PEM files of TLS as a client: whether they have changed, and the context that they make.
#pragma once

#include <vestibule/net/tls_client_params.hpp>
#include <vestibule/net/tls_files.hpp>

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace vestibule::net {

/// Of every file that makes the context, the system's authorities included. Taken before the files are
/// read, so that a change in between counts as one to come.
std::vector<file_stamp> stamp_tls_files(const tls_client_params& p);

/// For connections as a client. Null where a file is of no use; `problems` says which and why.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const tls_client_params& p,
                                                            std::vector<tls_problem>& problems);

}  // namespace vestibule::net

// The PEM files of store.tls: whether they have changed, and the context that they make.
#pragma once

#include <vestibule/net/tls_files.hpp>
#include <vestibule/store/store_tls_params.hpp>

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace vestibule::store {

/// Of every file that makes the context, the system's authorities included. Taken before the files are
/// read, so that a change in between counts as one to come.
std::vector<net::file_stamp> stamp_tls_files(const store_tls_params& p);

/// For connections as a client. Null where a file is of no use; `problems` says which and why.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const store_tls_params& p,
                                                            std::vector<tls_problem>& problems);

}  // namespace vestibule::store

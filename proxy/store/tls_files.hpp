// The PEM files of store.tls: whether they have changed, and the context that they make.
#pragma once

#include <vestibule/store/store_tls_params.hpp>

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vestibule::store {

/// A file as it was at one time. One that cannot be looked at has zeros.
struct file_stamp {
    std::string path;
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified = 0;  // bytes, nanoseconds
    bool operator==(const file_stamp&) const = default;
};

/// Of every file that makes the context, the system's authorities included. Taken before the files are
/// read, so that a change in between counts as one to come.
std::vector<file_stamp> stamp_tls_files(const store_tls_params& p);

/// For connections as a client. Null where a file is of no use; `problems` says which and why.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const store_tls_params& p,
                                                            std::vector<tls_problem>& problems);

}  // namespace vestibule::store

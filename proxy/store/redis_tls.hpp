// The TLS of connections to Redis: a context for each new one, from files that may change while we run.
//
//     const auto context = tls->current(problem);
//     if (!context) ... problem says why, for the log ...
//     net::start_tls(io, std::move(stream), *context, tls->name_of(host), ...)
//
// Files are read again when they have changed. New ones that are of no use (half written, say) leave the
// last good ones in use, which is logged once.
#pragma once

#include "store/tls_files.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vestibule::store {

class redis_tls {
  public:
    using context_ptr = std::shared_ptr<boost::asio::ssl::context>;

    explicit redis_tls(store_tls_params p) : params_(std::move(p)) {}

    /// The one of all that have the same params in this process, while somebody holds it: files are read
    /// and told of once.
    static std::shared_ptr<redis_tls> of(const store_tls_params& p);

    /// For the next connection; from any thread. Null where no files were good ever.
    context_ptr current(std::string& problem);

    /// What to ask for, and to expect in the certificate, at an address with this host.
    const std::string& name_of(const std::string& host) const noexcept {
        return params_.server_name.empty() ? host : params_.server_name;
    }

  private:
    const store_tls_params params_;
    std::mutex mutex_;
    std::vector<net::file_stamp> stamps_;  // of what made the context
    context_ptr context_;                  // the last good one
    std::string told_;                     // what was logged of files that are not; empty: they are
};

}  // namespace vestibule::store

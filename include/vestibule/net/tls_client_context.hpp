// TLS as a client: a context for each new connection, from files that may change while we run.
//
//     const auto context = tls->current(problem);
//     if (!context) ... problem says why, for the log ...
//     net::start_tls(io, std::move(stream), *context, tls->name_of(host), ...)
//
// Files are read again when they have changed. New ones that are of no use (half written, say) leave the
// last good ones in use, which is logged once.
#pragma once

#include <vestibule/net/tls_client_params.hpp>
#include <vestibule/net/tls_files.hpp>

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vestibule::net {

/// What connections are for, in the log.
struct tls_purpose {
    std::string whose;     // "the session store"
    std::string key;       // where the files are configured: "store.tls"
    bool resumes = false;  // sessions are resumed: the context is for one server alone
    bool operator==(const tls_purpose&) const = default;
};

class tls_client_context {
  public:
    using context_ptr = std::shared_ptr<boost::asio::ssl::context>;

    tls_client_context(tls_client_params p, tls_purpose purpose)
        : params_(std::move(p)), purpose_(std::move(purpose)) {}

    /// The one of all that have the same params and purpose in this process, while somebody holds it: files
    /// are read and told of once.
    static std::shared_ptr<tls_client_context> of(const tls_client_params& p, const tls_purpose& purpose);

    /// For the next connection; from any thread. Null where no files were good ever.
    context_ptr current(std::string& problem);

    /// What to ask for, and to expect in the certificate, at an address with this host.
    const std::string& name_of(const std::string& host) const noexcept {
        return params_.server_name.empty() ? host : params_.server_name;
    }

  private:
    const tls_client_params params_;
    const tls_purpose purpose_;
    std::mutex mutex_;
    std::vector<file_stamp> stamps_;  // of what made the context
    context_ptr context_;             // the last good one
    std::string told_;                // what was logged of files that are not; empty: they are
};

}  // namespace vestibule::net

// Health, metrics, public keys and the session API over HTTP: /healthz, /readyz, /metrics,
// /.well-known/jwks.json, /api. Runs on the main thread's io_context, apart from the workers, so that it
// answers when they are busy.
#pragma once

#include <vestibule/admin/admin_params.hpp>
#include <vestibule/base/metrics.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/session/lifecycle.hpp>
#include <vestibule/session/session_store.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::admin {

/// Why the process is not ready: one entry a check that fails; none when it is.
struct unready_reason {
    std::string check;   // "store", "backend", "drain"
    std::string reason;  // a sentence without secrets
};
using readiness_check = std::function<task<std::vector<unready_reason>>()>;

class admin_server {
  public:
    admin_server(boost::asio::io_context& io, metrics_registry& metrics, readiness_check ready);
    ~admin_server();

    /// What the session API works on from now on; before listen(), and again with another configuration.
    /// `store` is on the thread of the io_context and outlives stop(). `token`: see admin_params.
    void serve_sessions(session::session_store& store, std::string_view handle_secret,
                        session::lifecycle_params life, std::string token);

    /// Binds and serves from then on. False: `problem` says why.
    bool listen(const admin_params& p, std::string& problem);

    /// What /.well-known/jwks.json says from now on (a JSON Web Key Set); empty: there is none.
    void publish_keys(std::string jwks);

    /// "127.0.0.1:9090", the port filled in.
    std::string address() const;

    /// Takes no further connections, and asks no store any more.
    void stop();

  private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

/// All metrics in Prometheus' text format.
std::string metrics_text(const metrics_registry& metrics);

}  // namespace vestibule::admin

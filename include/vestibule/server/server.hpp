// The data path as a whole: listeners and worker threads.
//
//     [made] --listen()--> [bound] --start()--> [serving] --drain()--> [draining] --wait()--> [ended]
//
// listen() binds and reports a busy port before anything runs. drain() takes no new connections, lets
// exchanges finish, and ends what is left after timeouts.drain.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/server/server_params.hpp>
#include <vestibule/session/session_store.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vestibule::server {

/// Makes the store of one worker, on the worker's io_context.
using store_factory = std::function<std::unique_ptr<session::session_store>(boost::asio::io_context&)>;

/// All calls from one thread (the main one).
class server {
  public:
    server(server_params params, unsigned workers, store_factory make_store, metrics_registry& metrics);
    ~server();

    /// Binds all listeners. False: `problem` says which address and why.
    bool listen(std::string& problem);

    /// What it listens on, ports filled in.
    std::vector<std::string> addresses() const;

    void start();

    /// New parameters for exchanges from now on; listeners and workers stay as they are, but for the
    /// certificates and rules of TLS.
    void reload(server_params params);

    void drain();
    bool draining() const noexcept;

    /// Returns when all workers have ended; only after drain().
    void wait();

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace vestibule::server

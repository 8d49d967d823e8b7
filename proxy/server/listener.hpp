// Listening sockets: opened once for all workers, accepted from by each.
#pragma once

#include "server/worker.hpp"

#include <vestibule/net/connect.hpp>
#include <vestibule/net/tls_server.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace vestibule::server {

/// A listening socket of the process.
struct open_listener {
    std::vector<int> descriptors;            // one a worker; owned until accept_from takes them
    std::string address;                     // what it really listens on: "127.0.0.1:40123", "unix:/path"
    std::string unix_path;                   // removed at the end
    std::string configured;                  // its address in the configuration
    std::unique_ptr<net::tls_server> tls{};  // null: none
};

/// Binds `count` descriptors: SO_REUSEPORT for TCP, duplicates of one for unix sockets (a stale socket
/// file is replaced). Error: of the operating system.
result<open_listener> open(const listen_params& p, std::size_t count);

/// Accepts for one worker until closed.
class listener {
  public:
    /// `tls`: of its connections; null: none.
    listener(worker_state& w, int descriptor, listen_params p, net::tls_server* tls = nullptr);

    /// Takes what is waiting already, then closes.
    void close();

  private:
    task<void> accept_loop();
    void accepted(net::stream_socket socket, const boost::asio::generic::stream_protocol::endpoint& peer);

    worker_state& w_;
    boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol, net::executor> acceptor_;
    const listen_params params_;
    net::tls_server* const tls_;
};

}  // namespace vestibule::server

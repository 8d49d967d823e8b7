// One client connection: requests one after the other, idle in between.
//
//     ([PROXY header] --> [TLS handshake] -->)
//     [idle] --bytes--> [reading head] --whole--> [exchange] --keep--> [idle]
//     An idle connection gives its buffer back after 100 ms and then waits for readability only; from then on
//     it is the one to go where room is needed.
#pragma once

#include "server/exchange.hpp"
#include "server/idle_list.hpp"

#include <vestibule/net/tls_server.hpp>

#include <memory>
#include <string>

namespace vestibule::server {

class connection : private idle_link {
  public:
    /// `proxied`: a PROXY protocol header comes first, and says who the peer is. `tls`: then its handshake;
    /// null: none.
    connection(worker_state& w, std::unique_ptr<net::byte_stream> stream, http::ip_address peer,
               std::string peer_text, bool proxied = false, net::tls_server* tls = nullptr);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Serves it until it ends; it frees itself.
    static void start(std::unique_ptr<connection> c);

    /// A drain has begun: idle connections get a last second for a request that is on its way.
    void drain();

    /// Ends it now, whatever it does.
    void abort();

    connection* next() const noexcept { return next_; }

    /// Closes the worker's connection that has been idle the longest. False: none is.
    static bool shed_longest_idle(worker_state& w);

  private:
    static task<void> run(std::unique_ptr<connection> self);

    // Before the first request (arrival.cpp, secure.cpp).
    task<bool> learn_peer();
    bool admit();
    task<bool> secure();
    bool know(net::tls_client client);
    task<void> turn_away(net::tls_failure why);

    task<result<std::size_t>> read_head();
    task<error_code> await_bytes();
    task<fate> serve(std::size_t head_size);
    task<fate> refuse(errc why);
    task<void> linger();
    client_side side() noexcept;

    worker_state& w_;
    std::unique_ptr<net::byte_stream> stream_;
    io_buffer in_;
    net::deadline read_limit_;
    net::deadline write_limit_;
    net::deadline watch_;  // of the exchange under way
    http::ip_address peer_;
    std::string peer_text_;
    net::tls_server* const tls_;
    std::string subject_;  // of the client's certificate, as headers have it
    exchange* running_ = nullptr;
    bool read_timed_out_ = false, write_timed_out_ = false;
    bool idle_ = true;
    bool proxied_;
    bool counted_ = false;      // in counts.addresses
    std::uint32_t served_ = 0;  // requests
    connection* next_ = nullptr;
    connection** link_ = nullptr;
};

}  // namespace vestibule::server

// What comes before a connection's first request: whose it is, and whether there is room for it.
#include "server/admission.hpp"
#include "server/connection.hpp"

#include <vestibule/http/proxy_protocol.hpp>

namespace vestibule::server {

// Reads the PROXY protocol header, and no byte behind it: what follows may be TLS. False: there is none.
task<bool> connection::learn_peer() {
    read_timed_out_ = false;
    read_limit_.set(w_.current->params.timeouts.head);
    for (;;) {
        const auto header = http::read_proxy_header(in_.view());
        if (!header) break;
        if (header->missing == 0) {
            in_.clear();
            read_limit_.clear();
            // An unspecified one would pass for a unix socket.
            if (header->source && !header->source->is_unspecified()) {
                peer_ = *header->source;
                peer_text_ = peer_.to_string();
            }
            co_return true;
        }
        const auto room = boost::asio::buffer(in_.room(), header->missing);
        const auto [ec, n] = co_await net::read_some(*stream_, room);
        if (ec && in_.empty() && !read_timed_out_) co_return false;  // a look at whether the port is open
        if (ec) break;
        in_.commit(n);
    }
    w_.metrics.proxy_headers_refused.add();
    tell_refusal(w_, "no whole PROXY header came first", peer_text_);
    co_return false;
}

// By limits.connections_per_address. False: it has been answered so.
bool connection::admit() {
    const server_params& p = w_.current->params;
    const std::size_t limit = p.limits.connections_per_address;
    if (limit == 0 || peer_.is_unspecified()) return true;
    for (const http::cidr& proxies : p.trusted_proxies)
        if (proxies.contains(peer_)) return true;  // many clients' connections
    counted_ = w_.counts.addresses.add(peer_, limit);
    if (counted_) return true;
    w_.metrics.refused_for_address.add();
    tell_refusal(w_, "limits.connections_per_address", peer_text_);
    if (tls_ == nullptr) refuse_connection(*stream_, 429);
    return false;
}

}  // namespace vestibule::server

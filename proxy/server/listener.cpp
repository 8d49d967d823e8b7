#include "server/listener.hpp"

#include "server/admission.hpp"
#include "server/connection.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/event_loop.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <netinet/in.h>

#include <cerrno>

namespace vestibule::server {

using boost::asio::generic::stream_protocol;

namespace {

constexpr auto accept_pause = milliseconds(100);  // out of descriptors or memory: let some go first

struct accept_awaiter {
    boost::asio::basic_socket_acceptor<stream_protocol, net::executor>& acceptor;
    net::stream_socket& socket;
    stream_protocol::endpoint& peer;
    error_code ec{};

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        acceptor.async_accept(socket, peer, [this, h](const error_code& e) {
            ec = e;
            h.resume();
        });
    }
    error_code await_resume() const noexcept { return ec; }
};

boost::asio::ip::address to_address(const stream_protocol::endpoint& e) {
    boost::asio::ip::tcp::endpoint tcp;
    if (e.protocol().family() == AF_INET || e.protocol().family() == AF_INET6) {
        std::memcpy(tcp.data(), e.data(), std::min(e.size(), tcp.capacity()));
        return tcp.address();
    }
    return {};
}

}  // namespace

listener::listener(worker_state& w, int descriptor, listen_params p, net::tls_server* tls)
    : w_(w), acceptor_(w.io), params_(std::move(p)), tls_(tls) {
    const bool unix_socket = !params_.unix_path.empty();
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    acceptor_.assign(stream_protocol(address.ss_family, unix_socket ? 0 : IPPROTO_TCP), descriptor);
    acceptor_.native_non_blocking(true);
    acceptor_.non_blocking(true);
    detach(accept_loop());
}

void listener::close() {
    error_code ec;
    while (acceptor_.is_open()) {
        net::stream_socket socket(w_.io);
        stream_protocol::endpoint peer;
        acceptor_.accept(socket, peer, ec);
        if (ec) break;
        accepted(std::move(socket), peer);
    }
    acceptor_.close(ec);
}

task<void> listener::accept_loop() {
    net::timer pause(w_.io);
    while (acceptor_.is_open()) {
        net::stream_socket socket(w_.io);
        stream_protocol::endpoint peer;
        accept_awaiter next{acceptor_, socket, peer};
        const error_code ec = co_await next;
        if (ec == boost::asio::error::operation_aborted || ec == boost::asio::error::bad_descriptor)
            co_return;
        if (!ec) {
            accepted(std::move(socket), peer);
        } else if (ec != boost::asio::error::connection_aborted) {
            const bool descriptors = ec == boost::asio::error::no_descriptors || ec.value() == ENFILE;
            if (descriptors && connection::shed_longest_idle(w_)) continue;
            log::warn("cannot accept", {{"side", "internal"}, {"error", ec.message()}});
            pause.expires_after(accept_pause);
            co_await net::wait(pause);
        }
    }
}

void listener::accepted(net::stream_socket socket, const stream_protocol::endpoint& peer) {
    w_.metrics.accepted.add();
    auto stream = net::make_stream(std::move(socket));
    const bool unix_socket = !params_.unix_path.empty();
    const http::ip_address address = unix_socket ? http::ip_address() : to_address(peer);
    std::string text = unix_socket ? "unix:" : address.to_string();
    if (!has_room(w_)) {
        w_.metrics.refused.add();
        tell_refusal(w_, "limits.connections", text);
        if (tls_ != nullptr) return;  // an answer would cost a handshake
        return refuse_connection(*stream, 503);
    }
    const proxy_protocol_params& proxied = params_.proxy_protocol;
    if (proxied.on && !proxied.believes(address, unix_socket)) {
        w_.metrics.proxy_headers_refused.add();
        return tell_refusal(w_, "not in listen.proxy_protocol.from", text);
    }
    connection::start(
        std::make_unique<connection>(w_, std::move(stream), address, std::move(text), proxied.on, tls_));
}

}  // namespace vestibule::server

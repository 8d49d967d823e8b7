#include "server/tunnel.hpp"

#include <vestibule/net/event_loop.hpp>

#include <boost/asio/error.hpp>

namespace vestibule::server {
namespace {

struct direction {
    net::byte_stream& from;
    net::byte_stream& to;
    io_buffer& buffer;
    std::uint64_t bytes = 0;
};

task<void> copy(direction& d) {
    for (;;) {
        if (!d.buffer.empty()) {
            const std::string_view piece = d.buffer.view();
            if (co_await net::write_all(d.to, boost::asio::buffer(piece.data(), piece.size()))) break;
            d.bytes += piece.size();
            d.buffer.consume(piece.size());
        }
        const auto [ec, n] = co_await net::read_some(d.from, d.buffer.room());
        if (ec == boost::asio::error::eof) {
            d.to.shutdown_send();
            co_return;
        }
        if (ec) break;
        d.buffer.commit(n);
    }
    d.from.close();
    d.to.close();
}

task<void> copy_and_tell(direction& d, net::signal& end) {
    co_await copy(d);
    end.set();
}

}  // namespace

task<std::uint64_t> tunnel(net::byte_stream& client, io_buffer& client_in, net::byte_stream& backend,
                           io_buffer& backend_in) {
    direction up{client, backend, client_in};
    direction down{backend, client, backend_in};
    net::signal up_end;
    detach(copy_and_tell(up, up_end), [](std::exception_ptr) { std::terminate(); });
    co_await copy(down);
    co_await up_end;
    co_return down.bytes;
}

}  // namespace vestibule::server

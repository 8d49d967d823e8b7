#include "server/tunnel.hpp"

#include <vestibule/base/crypto.hpp>

#include <boost/asio/error.hpp>

namespace vestibule::server {
namespace {

constexpr auto grace = milliseconds(150);
constexpr std::string_view close_reason = "session ended";

std::string close_frame(bool masked) {
    if (!masked) return http::websocket_close_frame(http::websocket_policy_violation, close_reason);
    std::array<unsigned char, 4> key;
    random_bytes(key);
    return http::websocket_close_frame(http::websocket_policy_violation, close_reason, key);
}

}  // namespace

tunnel::tunnel(net::byte_stream& client, io_buffer& client_in, net::byte_stream& backend,
               io_buffer& backend_in, net::deadline_sweeper& sweeper, kind k, milliseconds idle)
    : up_{.from = client, .to = backend, .buffer = client_in, .masks = true},
      down_{.from = backend, .to = client, .buffer = backend_in, .masks = false},
      kind_(k),
      grace_(sweeper, [this] { stop(); }),
      idle_(idle),
      idle_limit_(sweeper, [this] { stop(); }) {}

task<std::uint64_t> tunnel::run() {
    net::signal up_end;
    idle_limit_.set(idle_);
    detach(copy_and_tell(up_, up_end));
    co_await copy(down_);
    co_await up_end;
    if (ending_ && kind_ == kind::websocket) {
        co_await down_.farewell_end;
        co_await up_.farewell_end;
    }
    co_return down_.bytes;
}

task<void> tunnel::copy_and_tell(direction& d, net::signal& end) {
    co_await copy(d);
    end.set();
}

task<void> tunnel::copy(direction& d) {
    while (!stopped_) {
        if (d.parted) d.buffer.clear();
        if (!d.buffer.empty()) {
            if (co_await pass_on(d)) break;
            continue;
        }
        const auto [ec, n] = co_await net::read_some(d.from, d.buffer.room());
        if (ec == boost::asio::error::eof && !stopped_) {
            if (!d.parted) d.to.shutdown_send();
            d.over = true;
            part(d);
            co_return;
        }
        if (ec) break;
        idle_limit_.set(idle_);
        d.buffer.commit(n);
    }
    d.over = true;
    part(d);
    if (stopped_) co_return;
    d.from.close();
    d.to.close();
}

// What is in the buffer; while it ends, no more than the frame that is under way.
task<error_code> tunnel::pass_on(direction& d) {
    std::string_view piece = d.buffer.view();
    if (ending_) {
        http::websocket_frames ahead = d.frames;
        piece = piece.substr(0, ahead.feed(piece));
    }
    d.writing = true;
    const error_code ec = co_await net::write_all(d.to, boost::asio::buffer(piece.data(), piece.size()));
    d.writing = false;
    if (ec) co_return ec;
    idle_limit_.set(idle_);
    d.bytes += piece.size();
    d.buffer.consume(piece.size());
    if (kind_ == kind::websocket) d.frames.feed_all(piece);
    if (d.frames.at_boundary()) part(d);
    co_return ec;
}

void tunnel::end() {
    ending_ = true;
    if (kind_ == kind::opaque) return stop();
    grace_.set(grace);
    detach(farewell(down_));
    detach(farewell(up_));
}

// The last frame of one direction.
task<void> tunnel::farewell(direction& d) {
    if (d.over || (!d.writing && d.frames.at_boundary()))
        d.parted = true;
    else
        co_await d.rest;
    if (!d.over && !stopped_) {
        d.told = d.frames.close_seen();
        if (!d.told) {
            const std::string frame = close_frame(d.masks);
            d.told = !co_await net::write_all(d.to, boost::asio::buffer(frame));
            if (d.told) d.bytes += frame.size();
        }
    }
    d.settled = true;
    if (up_.settled && down_.settled) stop();
    d.farewell_end.set();
}

// While it ends: here one direction has passed on its last frame.
void tunnel::part(direction& d) {
    if (!ending_ || d.parted) return;
    d.parted = true;
    d.rest.set();
}

void tunnel::stop() {
    if (std::exchange(stopped_, true)) return;
    down_.to.cancel();  // a close frame may still lie before a client that sends
    if (!down_.told) down_.to.close();
    up_.to.close();
    // Whoever waits for the end of a frame waits no longer.
    part(up_);
    part(down_);
}

}  // namespace vestibule::server

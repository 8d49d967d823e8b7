#include "server/connection.hpp"

#include <vestibule/base/logger.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>

namespace vestibule::server {
namespace {

constexpr auto park_after = milliseconds(100);     // idle connections give their buffer back
constexpr auto linger_limit = milliseconds(2000);  // for a client that still sends
constexpr auto drain_grace = milliseconds(1000);
constexpr std::size_t max_head = 1024 * 1024;  // where limits.head is off
constexpr int max_leading_empty_lines = 4;     // RFC 9112 2.2: at least one is to be ignored

}  // namespace

connection::connection(worker_state& w, std::unique_ptr<net::byte_stream> stream, http::ip_address peer,
                       std::string peer_text, bool proxied, net::tls_server* tls)
    : w_(w),
      stream_(std::move(stream)),
      read_limit_(w.sweeper,
                  [this] {
                      read_timed_out_ = true;
                      stream_->cancel();
                  }),
      write_limit_(w.sweeper,
                   [this] {
                       write_timed_out_ = true;
                       stream_->reset();
                   }),
      watch_(w.sweeper,
             [this] {
                 if (running_ != nullptr) running_->look();
             }),
      peer_(peer),
      peer_text_(std::move(peer_text)),
      tls_(tls),
      proxied_(proxied) {
    next_ = w_.first;
    link_ = &w_.first;
    if (next_ != nullptr) next_->link_ = &next_;
    w_.first = this;
    w_.metrics.connections.add(1);
    w_.counts.connections.fetch_add(1, std::memory_order_relaxed);
}

connection::~connection() {
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    if (counted_) w_.counts.addresses.remove(peer_);
    w_.metrics.connections.add(-1);
    w_.counts.connections.fetch_sub(1, std::memory_order_relaxed);
}

void connection::start(std::unique_ptr<connection> c) {
    detach(run(std::move(c)), [](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& x) {
            log::error("connection failed", {{"side", "internal"}, {"error", x.what()}});
        }
    });
}

void connection::drain() {
    if (idle_) read_limit_.set(drain_grace);
}

void connection::abort() {
    stream_->close();
    if (running_ != nullptr) running_->abandon();
}

bool connection::shed_longest_idle(worker_state& w) {
    while (idle_link* const l = w.idle.longest()) {
        l->unlink();
        connection& c = static_cast<connection&>(*l);
        if (c.stream_->has_pending_input()) continue;  // not idle any more
        c.stream_->close();
        w.metrics.shed.add();
        return true;
    }
    return false;
}

task<void> connection::run(std::unique_ptr<connection> self) {
    connection& c = *self;
    if (c.proxied_ && !co_await c.learn_peer()) co_return;
    if (!c.admit()) co_return;
    if (c.tls_ != nullptr && !co_await c.secure()) co_return;
    for (;;) {
        const result<std::size_t> head = co_await c.read_head();
        fate next = fate::close;
        if (head)
            next = co_await c.serve(*head);
        else if (head.error() != errc::client_closed)
            next = co_await c.refuse(static_cast<errc>(head.error().value()));
        if (next == fate::keep) continue;
        // Unread bytes would turn the close into a reset that overtakes the answer (RFC 9112 9.6).
        if (next == fate::linger ||
            (next == fate::close && (!c.in_.empty() || c.stream_->has_pending_input())))
            co_await c.linger();
        if (next == fate::reset)
            c.stream_->reset();
        else
            c.stream_->close();
        co_return;
    }
}

client_side connection::side() noexcept {
    const std::size_t most = w_.current->params.limits.requests;
    return {.stream = *stream_,
            .in = in_,
            .read_limit = read_limit_,
            .write_limit = write_limit_,
            .watch = watch_,
            .read_timed_out = read_timed_out_,
            .write_timed_out = write_timed_out_,
            .peer = peer_,
            .peer_text = peer_text_,
            .tls = tls_ != nullptr,
            .subject = subject_,
            .last = most != 0 && served_ + 1 >= most};
}

task<fate> connection::serve(std::size_t head_size) {
    read_timed_out_ = false;
    exchange e(w_, side());
    running_ = &e;
    const fate f = co_await e.run(in_.view().substr(0, head_size));
    running_ = nullptr;
    watch_.clear();
    ++served_;
    co_return f;
}

task<fate> connection::refuse(errc why) {
    exchange e(w_, side());
    co_return co_await e.refuse(why);
}

// Size of the next whole head at the front of in_. Errors: client_closed (nothing to answer),
// client_timeout, head_too_large, target_too_long.
task<result<std::size_t>> connection::read_head() {
    if (in_.empty())
        if (co_await await_bytes()) co_return errc::client_closed;
    idle_ = false;
    const http::head_limits limits = w_.current->params.limits.head;
    const std::size_t limit = limits.bytes == 0 ? max_head : limits.bytes;
    read_timed_out_ = false;
    read_limit_.set(w_.current->params.timeouts.head);
    std::size_t searched = 0;
    int empty_lines = 0;
    for (;;) {
        while (searched == 0 && empty_lines < max_leading_empty_lines && in_.view().starts_with("\r\n")) {
            in_.consume(2);
            ++empty_lines;
        }
        const std::size_t end = http::find_head_end(in_.view(), searched);
        if (end != std::string_view::npos && end <= limit) {
            read_limit_.clear();
            co_return end;
        }
        searched = in_.view().size();
        if (searched >= limit || end != std::string_view::npos) {
            const bool first_line = in_.view().substr(0, limit).find('\n') == std::string_view::npos;
            co_return first_line ? errc::target_too_long : errc::head_too_large;
        }
        if (in_.room().size() == 0) in_.grow(in_.capacity() * 2);
        const auto [ec, n] = co_await net::read_some(*stream_, in_.room());
        if (read_timed_out_ && searched > 0) co_return errc::client_timeout;
        if (ec) co_return errc::client_closed;
        in_.commit(n);
    }
}

// Waits for the first byte of a request. Error: there will be none.
task<error_code> connection::await_bytes() {
    idle_ = true;
    const auto& timeouts = w_.current->params.timeouts;
    milliseconds left = served_ > 0 ? timeouts.keep_alive : timeouts.head;
    const bool limited = left > milliseconds(0);
    if (w_.draining) left = drain_grace;
    read_timed_out_ = false;
    read_limit_.set(limited || w_.draining ? std::min(left, park_after) : park_after);
    auto [ec, n] = co_await net::read_some(*stream_, in_.room());
    if (!ec) in_.commit(n);
    if (!ec || !read_timed_out_ || w_.draining || (limited && left <= park_after)) {
        read_limit_.clear();
        co_return ec;
    }
    in_.release(true);
    read_timed_out_ = false;
    read_limit_.set(limited ? left - park_after : milliseconds(0));
    w_.idle.append(*this);
    ec = co_await net::wait_readable(*stream_);
    unlink();
    read_limit_.clear();
    co_return ec;
}

// The answer is out; what the client still sends is read so that no reset overtakes it (RFC 9112 9.6).
task<void> connection::linger() {
    stream_->shutdown_send();
    read_limit_.set(linger_limit);
    for (;;) {
        in_.clear();
        const auto [ec, n] = co_await net::read_some(*stream_, in_.room());
        if (ec) break;
    }
    read_limit_.clear();
}

}  // namespace vestibule::server

#include "store/sentinel_watch.hpp"

#include "store/redis_operation.hpp"

#include <array>
#include <exception>

namespace vestibule::store {
namespace {

constexpr std::string_view channel = "+switch-master";
constexpr milliseconds between_pings{1000};

}  // namespace

sentinel_watch::sentinel_watch(boost::asio::io_context& io, const store_params& p,
                               std::function<void(const net::endpoint&)> on_primary)
    : io_(io),
      params_(p),
      on_primary_(std::move(on_primary)),
      backoff_(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(this))),
      pause_(io),
      beat_(io) {}

void sentinel_watch::start() {
    detach(run());
}

void sentinel_watch::stop() {
    if (std::exchange(stopped_, true)) return;
    pause_.cancel();
    if (dial_) dial_->cancel();
    beat_.cancel();
    if (listening_) listening_->close();
}

task<void> sentinel_watch::run() {
    const auto self = shared_from_this();
    while (!stopped_) {
        const store_address& at = params_.url.seeds[next_++ % params_.url.seeds.size()];
        const net::endpoint to{.host = at.host, .port = at.port, .unix_path = {}};
        dial_.emplace(io_, params_, to, sentinel_greeting(params_));
        auto sentinel = co_await dial_->open();
        if (stopped_) break;
        if (sentinel) co_await listen(*sentinel->stream);
        if (stopped_) break;
        pause_.expires_after(backoff_.next());
        co_await net::wait(pause_);
    }
}

task<void> sentinel_watch::listen(net::byte_stream& sentinel) {
    // Both at once: nothing can happen in between that is not told.
    std::string request;
    append_question(request, params_.url.service);
    append_command(request, {"SUBSCRIBE", channel});
    const error_code failed = co_await net::write_all(sentinel, boost::asio::buffer(request));
    if (failed || stopped_) co_return;
    listening_ = &sentinel;
    pinged_ = false;
    beat();
    reply_decoder decoder;
    std::array<char, 2048> buffer;
    reply r;
    for (bool useful = true; useful && !stopped_;) {
        const auto [ec, n] = co_await net::read_some(sentinel, boost::asio::buffer(buffer));
        if (ec || stopped_) break;
        pinged_ = false;
        decoder.feed({buffer.data(), n});
        auto status = decoder.next(r);
        for (; useful && status == reply_decoder::status::ready; status = decoder.next(r)) useful = take(r);
        useful = useful && status != reply_decoder::status::broken;
    }
    listening_ = nullptr;
    beat_.cancel();
}

// A sentinel that has not answered the last ping is given up.
void sentinel_watch::beat() {
    beat_.expires_after(between_pings);
    beat_.async_wait([self = shared_from_this()](const error_code& ec) {
        if (ec || self->listening_ == nullptr) return;
        const boost::asio::const_buffer text(ping_command.data(), ping_command.size());
        if (std::exchange(self->pinged_, true) || self->listening_->try_write({&text, 1}).ec)
            return self->listening_->close();
        self->beat();
    });
}

// False: this sentinel is of no use.
bool sentinel_watch::take(const reply& r) {
    if (stopped_) return false;
    const bool addressed = r.items.size() == 3 && r.items[0].text == "message";
    if (addressed) {
        backoff_.reset();
        if (const auto primary = read_switch(r.items[2].text, params_.url.service)) on_primary_(*primary);
        return true;
    }
    const bool other = !r.items.empty() && (r.items[0].text == "subscribe" || r.items[0].text == "pong");
    if (other) return true;
    std::string problem;
    const auto primary = read_primary(r, problem);
    if (primary) on_primary_(*primary);
    return primary.has_value();
}

}  // namespace vestibule::store

#include "store/invalidation_channel.hpp"

#include "store/redis_operation.hpp"

#include <array>
#include <exception>

namespace vestibule::store {
namespace {

constexpr std::string_view channel_name = "__redis__:invalidate";
constexpr milliseconds after_refusal{30'000};

}  // namespace

invalidation_channel::invalidation_channel(boost::asio::io_context& io, std::unique_ptr<dialer> d, events e)
    : events_(std::move(e)),
      dialer_(std::move(d)),
      backoff_(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(this))),
      pause_(io) {}

void invalidation_channel::start() {
    detach(run());
}

void invalidation_channel::stop() {
    if (std::exchange(stopped_, true)) return;
    dialer_->cancel();
    pause_.cancel();
    if (stream_) stream_->close();
}

void invalidation_channel::hurry(mono_time::duration patience) {
    if (pinged_ && exact_now() - pinged_at_ > patience) stream_->close();
}

void invalidation_channel::ping(const tracking_state::question& q) {
    if (!ready_ || pinged_) return;
    pinged_ = q;
    pinged_at_ = exact_now();
    // A socket that does not take fourteen bytes is as good as lost.
    const boost::asio::const_buffer text(ping_command.data(), ping_command.size());
    const net::io_result r = stream_->try_write({&text, 1});
    if (r.ec || r.bytes != ping_command.size()) stream_->close();
}

task<void> invalidation_channel::run() {
    const auto self = shared_from_this();
    while (!stopped_) {
        auto dialled = co_await dialer_->open();
        if (stopped_) break;
        if (dialled) {
            stream_ = std::move(dialled->stream);
            co_await serve();
            stream_.reset();
        }
        if (stopped_) break;
        pause_.expires_after(std::exchange(refused_, false) ? after_refusal : backoff_.next());
        co_await net::wait(pause_);
    }
}

task<void> invalidation_channel::serve() {
    reply_decoder decoder;
    if (!co_await subscribe(decoder)) co_return;
    backoff_.reset();
    reply r;
    while (co_await receive(decoder, r))
        if (!take(r)) break;
    ready_ = false;
    pinged_.reset();
    if (!stopped_) events_.on_lost();
}

task<bool> invalidation_channel::subscribe(reply_decoder& decoder) {
    std::string request;
    append_command(request, {"CLIENT", "ID"});
    append_command(request, {"SUBSCRIBE", channel_name});
    if (co_await net::write_all(*stream_, boost::asio::buffer(request))) co_return false;
    reply id, subscribed;
    if (!co_await receive(decoder, id) || !co_await receive(decoder, subscribed)) co_return false;
    for (const reply* r : {&id, &subscribed}) {
        if (!r->is_error()) continue;
        refused_ = true;
        events_.on_refused((r == &id ? "CLIENT ID: " : "SUBSCRIBE: ") + std::string(error_word(r->text)));
        co_return false;
    }
    if (!id.is_integer()) co_return false;
    ready_ = true;
    events_.on_ready(id.integer);
    co_return true;
}

// The next reply. False: the connection has ended, or is of no use.
task<bool> invalidation_channel::receive(reply_decoder& decoder, reply& out) {
    std::array<char, 4096> buffer;
    for (;;) {
        const auto status = decoder.next(out);
        if (status == reply_decoder::status::ready) co_return true;
        if (status == reply_decoder::status::broken) co_return false;
        const auto [ec, n] = co_await net::read_some(*stream_, boost::asio::buffer(buffer));
        if (ec || stopped_) co_return false;
        decoder.feed({buffer.data(), n});
    }
}

// ["message", channel, keys] or ["pong", ""]. False: neither.
bool invalidation_channel::take(const reply& r) {
    if (r.items.size() == 3 && r.items[0].text == "message") {
        events_.on_message(r.items[2]);
        return true;
    }
    if (r.items.size() != 2 || r.items[0].text != "pong") return false;
    if (const auto q = std::exchange(pinged_, std::nullopt)) events_.on_pong(*q);
    return true;
}

}  // namespace vestibule::store

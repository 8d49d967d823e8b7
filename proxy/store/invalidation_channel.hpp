// Where a Redis that speaks RESP2 tells of changes: a second connection, subscribed to a channel to which
// the server redirects what it has to say about the keys that the first one has read.
//
//     start() -> connecting -> [subscribed: on_ready, on_message..., on_pong...] -> on_lost -> pausing
//             -> connecting -> ...  until stop()
#pragma once

#include <vestibule/net/event_loop.hpp>

#include "store/backoff.hpp"
#include "store/dialer.hpp"
#include "store/resp.hpp"
#include "store/tracking_state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace vestibule::store {

class invalidation_channel : public std::enable_shared_from_this<invalidation_channel> {
  public:
    struct events {
        std::function<void(std::int64_t id)> on_ready;      // the connection's id, for REDIRECT
        std::function<void(const reply& keys)> on_message;  // an array of keys; nil: all of them
        std::function<void(const tracking_state::question&)> on_pong;
        std::function<void()> on_lost;                // after on_ready
        std::function<void(std::string)> on_refused;  // Redis allows no such thing: why
    };

    /// `d` leads to the server of the first connection.
    invalidation_channel(boost::asio::io_context& io, std::unique_ptr<dialer> d, events e);

    void start();
    /// Calls no event any more.
    void stop();

    /// Asks for an on_pong(q): when it comes, all that was said before this call has come. While another
    /// one is under way nothing is asked.
    void ping(const tracking_state::question& q);

    /// Gives the connection up if a pong has been due for `patience`.
    void hurry(mono_time::duration patience);

  private:
    task<void> run();
    task<void> serve();
    task<bool> subscribe(reply_decoder& decoder);
    task<bool> receive(reply_decoder& decoder, reply& out);
    bool take(const reply& r);

    events events_;
    std::unique_ptr<dialer> dialer_;
    std::unique_ptr<net::byte_stream> stream_;  // while connected
    bool ready_ = false;
    bool stopped_ = false;
    std::optional<tracking_state::question> pinged_;  // not answered yet
    mono_time pinged_at_{};
    bool refused_ = false;
    backoff backoff_;
    net::timer pause_;
};

}  // namespace vestibule::store

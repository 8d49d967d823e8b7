// One transport connection to Redis, from greeting to end: operations go in, are written together at the
// end of the event-loop turn, and are answered in order.
//
//     in flight:   [op|x] [ x ] [op|x] [op|x] ...      op: somebody waits;  x: replies to come
//                           ^ given up by its owner, but its replies will still come
#pragma once

#include <vestibule/base/task.hpp>
#include <vestibule/net/event_loop.hpp>
#include <vestibule/net/stream.hpp>

#include "store/redis_operation.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace vestibule::store {

class redis_link : public std::enable_shared_from_this<redis_link> {
  public:
    /// An operation that had no answer when the connection ended.
    struct orphan {
        redis_operation* op;
        bool sent;   // bytes of it may have reached the server
        bool first;  // it was its answer that came next
    };

    struct events {
        std::function<void(const reply&)> on_push;  // what the server says without being asked (RESP3)
        /// All its replies are there. True: it is not over with that, somebody else has it now.
        std::function<bool(redis_operation&)> on_answer;
    };

    redis_link(boost::asio::io_context& io, std::unique_ptr<net::byte_stream> stream, events e);

    /// The op's deadline is watched by whoever calls expire().
    void submit(redis_operation& op);

    /// Takes replies in and completes operations with them, until the connection ends: why.
    task<error_code> read_replies();
    /// Writes what is submitted, until the connection ends. Runs beside read_replies().
    task<void> write_requests();

    /// Ends both. What is in flight stays for take_orphans().
    void close(error_code why);
    std::vector<orphan> take_orphans();

    /// Takes out the operations whose deadline has passed; their replies are thrown away when they come.
    void take_expired(mono_time now, std::vector<redis_operation*>& out);

    /// When the next deadline passes, or patience ends. Nothing: when nothing is in flight.
    std::optional<mono_time> next_event(mono_time::duration patience) const;

    /// When the server is to be given up: an answer is due, and nothing at all has come for `patience`, or
    /// only answers to what was given up, three times as long.
    std::optional<mono_time> patience_ends(mono_time::duration patience) const;

    std::size_t in_flight() const noexcept { return slots_.size(); }
    std::size_t unsent_bytes() const noexcept { return queued_.size() + writing_.size(); }
    std::uint64_t answered() const noexcept { return answered_; }  // operations
    /// What broke the protocol; null where that is not why it ended.
    const char* protocol_problem() const noexcept { return decoder_.problem(); }

  private:
    struct slot {
        redis_operation* op;  // null: given up
        std::size_t asked, answered;
        bool asking;  // every other reply is that to an ASKING
        mono_time submitted;
        std::uint64_t begin;  // position of its first byte in all that was ever queued
    };

    bool deliver(reply&& r);

    boost::asio::io_context& io_;
    std::unique_ptr<net::byte_stream> stream_;
    events events_;
    reply_decoder decoder_;
    std::deque<slot> slots_;
    mono_time last_received_{};
    std::optional<mono_time> late_since_;  // since then all answers were late
    std::uint64_t answered_ = 0;
    bool closed_ = false;
    error_code why_;

    std::string queued_, writing_;
    std::uint64_t ever_queued_ = 0, ever_taken_ = 0;  // bytes; taken: given to the socket
    net::signal work_;
    bool flush_posted_ = false;
};

}  // namespace vestibule::store

// byte_stream: one transport connection (TCP or unix socket, later TLS; in tests a scripted one in
// memory) as awaitable reads and writes.
//
//     auto [ec, n] = co_await net::read_some(stream, buffer);   // ec == eof: the peer ended
//     ec = co_await net::write_all(stream, head, body);         // suspends only if the socket is full
//
// Not thread-safe: everything happens on the worker that made it. At most one read and one write may be
// pending. close() ends what is pending with operation_aborted.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <span>

namespace vestibule::net {

namespace asio = boost::asio;

class deadline;

struct io_result {
    error_code ec;
    std::size_t bytes = 0;
};

/// Where a started operation reports to. Lives in the awaiting coroutine's frame.
class io_completion {
  public:
    using resume_function = void (*)(io_completion&);

    explicit io_completion(resume_function f) noexcept : resume_(f) {}
    io_completion(const io_completion&) = delete;
    io_completion& operator=(const io_completion&) = delete;

    void complete(error_code ec, std::size_t bytes) {
        result = {ec, bytes};
        resume_(*this);
    }

    io_result result;
    io_completion* next = nullptr;  // for whoever completes it

  private:
    resume_function resume_;
};

class byte_stream {
  public:
    virtual ~byte_stream() = default;

    /// Reads what is there now; would_block where that is nothing, or where others are to come first.
    virtual io_result try_read(asio::mutable_buffer) noexcept { return {asio::error::would_block, 0}; }

    /// Reads at least one byte, or fails (asio::error::eof at the end).
    virtual void start_read(asio::mutable_buffer buffer, io_completion& done) = 0;
    virtual void start_write(asio::const_buffer buffer, io_completion& done) = 0;

    /// Completes when a read would not block; needs no buffer while it waits.
    virtual void start_wait_readable(io_completion& done) = 0;

    /// Writes what fits now; would_block where nothing does.
    virtual io_result try_write(std::span<const asio::const_buffer> buffers) noexcept = 0;

    /// Whether a peek finds anything (data or an end) on a connection that should be silent.
    virtual bool has_pending_input() noexcept = 0;

    /// The same as far as the event loop has noticed, nearly always without a system call.
    virtual bool has_news() noexcept { return has_pending_input(); }

    /// Whether the peer has ended or reset it, as far as the event loop or a peek tells.
    virtual bool peer_closed() noexcept = 0;

    /// Who is told, once, that the peer has ended its sending side (eof) or reset the connection, also where
    /// unread data stands before the end; nullptr: nobody any more. It must not destroy this. True: the peer
    /// has ended already, and nobody will be told. A stream that cannot tell never does.
    virtual bool watch_end(io_completion*) noexcept { return false; }

    /// Ends what is pending with operation_aborted; the connection stays open.
    virtual void cancel() noexcept = 0;
    virtual void shutdown_send() noexcept = 0;
    virtual void close() noexcept = 0;
    /// Closes with a reset, so that the peer cannot take what it has for whole.
    virtual void reset() noexcept = 0;
};

namespace detail {

struct read_awaiter : io_completion {
    read_awaiter(byte_stream& s, asio::mutable_buffer b) noexcept
        : io_completion(&wake), stream(s), buffer(b) {}
    bool await_ready() noexcept {
        result = stream.try_read(buffer);
        return result.ec != asio::error::would_block;
    }
    void await_suspend(std::coroutine_handle<> h) {
        waiter = h;
        stream.start_read(buffer, *this);
    }
    io_result await_resume() const noexcept { return result; }
    static void wake(io_completion& c) { static_cast<read_awaiter&>(c).waiter.resume(); }

    byte_stream& stream;
    asio::mutable_buffer buffer;
    std::coroutine_handle<> waiter;
};

struct readable_awaiter : io_completion {
    explicit readable_awaiter(byte_stream& s) noexcept : io_completion(&wake), stream(s) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        waiter = h;
        stream.start_wait_readable(*this);
    }
    error_code await_resume() const noexcept { return result.ec; }
    static void wake(io_completion& c) { static_cast<readable_awaiter&>(c).waiter.resume(); }

    byte_stream& stream;
    std::coroutine_handle<> waiter;
};

// Tries at once, and goes on in pieces as the socket takes them.
struct write_awaiter : io_completion {
    static constexpr std::size_t max_buffers = 4;

    write_awaiter(byte_stream& s, std::array<asio::const_buffer, max_buffers> b, deadline* l = nullptr,
                  milliseconds limit_after = {}) noexcept
        : io_completion(&wake), stream(s), buffers(b), limit(l), after(limit_after) {}
    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> h);
    error_code await_resume() const noexcept { return result.ec; }
    static void wake(io_completion& c);

    /// Behind the write: how long the peer let it wait.
    milliseconds waited() const noexcept {
        return waiter && limit != nullptr ? std::chrono::duration_cast<milliseconds>(mono_now() - began)
                                          : milliseconds(0);
    }

    bool advance(std::size_t n) noexcept;  // whether everything is written
    void write_rest();

    byte_stream& stream;
    std::array<asio::const_buffer, max_buffers> buffers;
    deadline* const limit;
    const milliseconds after;
    mono_time began{};
    std::coroutine_handle<> waiter;
};

}  // namespace detail

inline auto read_some(byte_stream& s, asio::mutable_buffer b) {
    return detail::read_awaiter(s, b);
}

inline auto wait_readable(byte_stream& s) {
    return detail::readable_awaiter(s);
}

/// Writes all of up to four buffers, in one system call where the socket takes it. The buffers must
/// stay until it is done.
inline auto write_all(byte_stream& s, asio::const_buffer a, asio::const_buffer b = {},
                      asio::const_buffer c = {}, asio::const_buffer d = {}) {
    return detail::write_awaiter(s, {a, b, c, d});
}

/// The same with a limit on each wait: whoever takes a little now and then is not late. Expiry has to end
/// the write.
inline auto write_all(byte_stream& s, deadline& limit, milliseconds after, asio::const_buffer a,
                      asio::const_buffer b = {}, asio::const_buffer c = {}, asio::const_buffer d = {}) {
    return detail::write_awaiter(s, {a, b, c, d}, &limit, after);
}

}  // namespace vestibule::net

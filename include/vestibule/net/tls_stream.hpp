// byte_stream over TLS, of either side: OpenSSL reads from and writes to the stream beneath, and what that
// does not take at once waits here. A write counts as done when all of its records are with the stream
// beneath, so that limits of writing mean what they mean without TLS.
//
//     net::tls_stream tls(std::move(plain), std::move(session));
//     const auto outcome = co_await tls.handshake();
//
// An end without close_notify is a connection_reset, never an eof.
#pragma once

#include <vestibule/base/task.hpp>
#include <vestibule/net/stream.hpp>
#include <vestibule/net/tls_files.hpp>

#include <memory>
#include <string>

namespace vestibule::net {

/// How a handshake went.
struct tls_outcome {
    error_code ec{};           // of the stream beneath; connection_aborted: OpenSSL refuses
    unsigned long reason = 0;  // why it does, as ERR_get_error() has it
};

class tls_stream final : public byte_stream {
  public:
    /// `session`: new, with its side (connect or accept) set.
    tls_stream(std::unique_ptr<byte_stream> over, ssl_ptr session);
    ~tls_stream() override;

    /// To be awaited before anything is read or written.
    task<tls_outcome> handshake();

    SSL* session() const noexcept { return ssl_.get(); }

    /// The stream beneath, after a handshake that failed; then there is nothing here any more.
    std::unique_ptr<byte_stream> leave() noexcept { return std::move(over_); }

    io_result try_read(asio::mutable_buffer buffer) noexcept override;
    void start_read(asio::mutable_buffer buffer, io_completion& done) override;
    void start_write(asio::const_buffer buffer, io_completion& done) override;
    void start_wait_readable(io_completion& done) override;
    io_result try_write(std::span<const asio::const_buffer> buffers) noexcept override;
    bool has_pending_input() noexcept override;
    bool has_news() noexcept override;
    bool peer_closed() noexcept override;
    bool watch_end(io_completion* watcher) noexcept override { return over_->watch_end(watcher); }
    void cancel() noexcept override { over_->cancel(); }
    void shutdown_send() noexcept override;
    void close() noexcept override;
    void reset() noexcept override { over_->reset(); }

  private:
    struct operation;  // of the stream beneath, on behalf of one here
    struct bio;        // OpenSSL's view of the stream beneath

    io_result look() noexcept;
    bool matters() noexcept;
    error_code failure(int r) noexcept;
    error_code flush() noexcept;
    task<error_code> flush_all();
    void send_waiting();
    void say_goodbye() noexcept;
    void on_readable(error_code ec);
    void on_written(error_code ec, std::size_t bytes);
    bool reading() const noexcept;
    bool writing() const noexcept;

    std::unique_ptr<byte_stream> over_;
    ssl_ptr ssl_;
    std::unique_ptr<operation> read_, write_;
    asio::mutable_buffer room_;     // of the read under way; empty: it only waits
    std::size_t asked_ = 0;         // bytes of the write under way
    std::size_t owed_ = 0;          // bytes in records that are not sent yet, and not told of
    std::string sending_, queued_;  // records, in this order
    std::size_t sent_ = 0;          // of sending_
    error_code beneath_;            // what last went wrong there
    bool established_ = false;
    bool broken_ = false;  // nothing more can be said
    bool ended_ = false;   // close_notify is out
};

}  // namespace vestibule::net

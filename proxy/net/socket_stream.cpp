// byte_stream over a TCP or unix socket.
#include <vestibule/net/connect.hpp>

#include "net/completion_handler.hpp"

#include <boost/asio/socket_base.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

namespace vestibule::net {
namespace {

class socket_stream final : public byte_stream {
  public:
    explicit socket_stream(stream_socket socket) : socket_(std::move(socket)) {
        error_code ignored;
        socket_.native_non_blocking(true, ignored);
    }

    void start_read(asio::mutable_buffer buffer, io_completion& done) override {
        socket_.async_read_some(buffer, completion_handler{&done});
    }

    void start_write(asio::const_buffer buffer, io_completion& done) override {
        socket_.async_write_some(buffer, completion_handler{&done});
    }

    void start_wait_readable(io_completion& done) override {
        socket_.async_wait(asio::socket_base::wait_read, completion_handler{&done});
    }

    io_result try_write(std::span<const asio::const_buffer> buffers) noexcept override {
        std::array<iovec, detail::write_awaiter::max_buffers> parts;
        msghdr message{};
        message.msg_iov = parts.data();
        for (const asio::const_buffer& b : buffers)
            if (b.size() != 0) parts[message.msg_iovlen++] = {const_cast<void*>(b.data()), b.size()};
        const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) return {{}, static_cast<std::size_t>(n)};
        if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) return {asio::error::would_block, 0};
        return {error_code(errno, boost::system::system_category()), 0};
    }

    bool has_pending_input() noexcept override {
        char byte;
        return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
    }

    bool peer_closed() noexcept override {
        char byte;
        const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    }

    void cancel() noexcept override {
        error_code ignored;
        socket_.cancel(ignored);
    }

    void shutdown_send() noexcept override {
        error_code ignored;
        socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    }

    void close() noexcept override {
        error_code ignored;
        socket_.close(ignored);
    }

    void reset() noexcept override {
        error_code ignored;
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        socket_.close(ignored);
    }

  private:
    stream_socket socket_;
};

}  // namespace

std::unique_ptr<byte_stream> make_stream(stream_socket socket) {
    return std::make_unique<socket_stream>(std::move(socket));
}

}  // namespace vestibule::net

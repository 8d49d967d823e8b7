// byte_stream over a TCP or unix socket.
#include <vestibule/net/connect.hpp>

#include "net/poller.hpp"

#include <boost/asio/error.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace vestibule::net {
namespace {

constexpr std::size_t short_write = 2048;
constexpr int reads_in_a_row = 4;  // in one turn, while there is always something; then others come first

error_code last_error() noexcept {
    return {errno, boost::system::system_category()};
}

class socket_stream final : public byte_stream, private poller::socket {
  public:
    socket_stream(poller& p, int descriptor) : poller_(p), fd_(descriptor) {
        if (!poller_.add(fd_, *this)) ::close(std::exchange(fd_, -1));
    }
    ~socket_stream() override { close(); }

    io_result try_read(asio::mutable_buffer buffer) noexcept override {
        if (!readable_ || fd_ < 0 || !may_go_on()) return {asio::error::would_block, 0};
        return receive(buffer);
    }

    void start_read(asio::mutable_buffer buffer, io_completion& done) override {
        if (fd_ < 0) return poller_.complete_later(done, asio::error::bad_descriptor);
        room_ = buffer;
        begin(reader_, done);
        if (readable_) poller_.later(*this, EPOLLIN);
    }

    void start_write(asio::const_buffer buffer, io_completion& done) override {
        if (fd_ < 0) return poller_.complete_later(done, asio::error::bad_descriptor);
        bytes_ = buffer;
        begin(writer_, done);  // who comes here has found no room: room makes an event
    }

    void start_wait_readable(io_completion& done) override {
        room_ = {};
        if (fd_ < 0) return poller_.complete_later(done, asio::error::bad_descriptor);
        begin(reader_, done);
        if (readable_) poller_.later(*this, EPOLLIN);
    }

    io_result try_write(std::span<const asio::const_buffer> buffers) noexcept override {
        std::array<iovec, detail::write_awaiter::max_buffers> parts;
        msghdr message{};
        message.msg_iov = parts.data();
        for (const asio::const_buffer& b : buffers)
            if (b.size() != 0) parts[message.msg_iovlen++] = {const_cast<void*>(b.data()), b.size()};
        if (fd_ < 0) return {asio::error::bad_descriptor, 0};
        const ssize_t n = send(message);
        if (n >= 0) return {{}, static_cast<std::size_t>(n)};
        if (errno == EINTR || errno == ENOBUFS)
            poller_.later(*this, EPOLLOUT);  // these make no event
        else if (errno != EAGAIN)
            return {last_error(), 0};
        return {asio::error::would_block, 0};
    }

    bool has_pending_input() noexcept override {
        char byte;
        return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
    }

    bool has_news() noexcept override {
        if (ended_ || fd_ < 0) return true;
        if (readable_ || poller_.may_have_news(*this)) readable_ = has_pending_input();
        return readable_;
    }

    bool peer_closed() noexcept override {
        if (ended_ || fd_ < 0) return true;
        char byte;
        const ssize_t n = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    }

    bool watch_end(io_completion* watcher) noexcept override {
        watcher_ = ended_ ? nullptr : watcher;
        return ended_;
    }

    void cancel() noexcept override {
        end_later(reader_);
        end_later(writer_);
    }

    void shutdown_send() noexcept override { ::shutdown(fd_, SHUT_WR); }

    void close() noexcept override {
        if (fd_ < 0) return;
        cancel();
        poller_.remove(fd_, *this);
        ::close(std::exchange(fd_, -1));
    }

    void reset() noexcept override {
        const linger at_once{1, 0};
        if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

  private:
    void begin(io_completion*& slot, io_completion& done) {
        slot = &done;
        poller_.operation_begins();
    }
    void end_later(io_completion*& slot) noexcept {
        if (slot == nullptr) return;
        poller_.complete_later(*std::exchange(slot, nullptr), asio::error::operation_aborted);
        poller_.operation_ends();
    }
    // Resumes whoever waits; *this may be gone afterwards.
    void end(io_completion*& slot, io_result r) {
        io_completion& done = *std::exchange(slot, nullptr);
        poller_.operation_ends();
        done.complete(r.ec, r.bytes);
    }

    bool may_go_on() noexcept {
        if (std::exchange(turn_, poller_.turn()) != poller_.turn()) in_a_row_ = 0;
        return ++in_a_row_ <= reads_in_a_row;
    }

    // Less than there was room for means that there is no more: what comes later makes an event. An end
    // that the event told of already makes none.
    io_result receive(asio::mutable_buffer buffer) noexcept {
        const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n > 0) {
            readable_ = ended_ || std::size_t(n) == buffer.size();
            return {{}, std::size_t(n)};
        }
        if (n == 0) return {asio::error::eof, 0};
        if (errno == EINTR) return {asio::error::would_block, 0};
        if (errno != EAGAIN) return {last_error(), 0};
        readable_ = false;
        return {asio::error::would_block, 0};
    }

    void on_events(std::uint32_t events) override {
        if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
            ended_ = true;
            if (watcher_ != nullptr)
                std::exchange(watcher_, nullptr)
                    ->complete((events & (EPOLLHUP | EPOLLERR)) != 0 ? asio::error::connection_reset
                                                                     : error_code(asio::error::eof),
                               0);
        }
        if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
        const bool writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
        // The writer first, and then nothing but locals: each may be the end of this.
        io_completion* const reader = readable_ ? reader_ : nullptr;
        if (writable && writer_ != nullptr) {
            const io_result r = try_write({&bytes_, 1});
            const bool both = reader != nullptr;
            if (both) poller_.later(*this, EPOLLIN);
            if (r.ec != asio::error::would_block) end(writer_, r);
            if (both) return;
        }
        if (reader == nullptr) return;
        if (room_.size() == 0) return wake_reader();
        const io_result r = receive(room_);
        if (r.ec == asio::error::would_block) {
            if (readable_) poller_.later(*this, EPOLLIN);  // interrupted
            return;
        }
        end(reader_, r);
    }

    // One piece costs the kernel less than several, by more than it costs to put short ones together.
    ssize_t send(const msghdr& message) const noexcept {
        constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
        const std::span pieces(message.msg_iov, message.msg_iovlen);
        if (pieces.size() == 1) return ::send(fd_, pieces[0].iov_base, pieces[0].iov_len, flags);
        std::size_t size = 0;
        for (const iovec& piece : pieces) size += piece.iov_len;
        if (size > short_write) return ::sendmsg(fd_, &message, flags);
        std::array<char, short_write> together;
        char* end = together.data();
        for (const iovec& piece : pieces) {
            std::memcpy(end, piece.iov_base, piece.iov_len);
            end += piece.iov_len;
        }
        return ::send(fd_, together.data(), size, flags);
    }

    // wait_readable: whoever waits will read by himself, if there is anything.
    void wake_reader() {
        if (!has_pending_input()) {
            readable_ = false;
            return;
        }
        end(reader_, {});
    }

    poller& poller_;
    int fd_;
    bool readable_ = true;  // as far as is known
    bool ended_ = false;    // the peer's end has been told of
    int in_a_row_ = 0;
    std::uint64_t turn_ = 0;
    io_completion* reader_ = nullptr;
    io_completion* writer_ = nullptr;
    io_completion* watcher_ = nullptr;
    asio::mutable_buffer room_;
    asio::const_buffer bytes_;
};

}  // namespace

std::unique_ptr<byte_stream> make_stream(stream_socket socket) {
    poller& p = poller::of(socket.get_executor().context());
    return std::make_unique<socket_stream>(p, socket.release());
}

}  // namespace vestibule::net

// A scripted Redis on a loopback port, on the test's own io_context: greets as Redis does, and leaves
// everything else to the test.
//
//     fake_redis fake(io);
//     fake.on_command = [](fake_redis::peer& p, const fake_redis::words& w) { p.send("+OK\r\n"); };
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "store/resp.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vestibule::test {

class fake_redis {
  public:
    using tcp = boost::asio::ip::tcp;
    using words = std::vector<std::string>;

    class peer : public std::enable_shared_from_this<peer> {
      public:
        peer(fake_redis& owner, tcp::socket socket, std::size_t n)
            : number(n), owner_(&owner), socket_(std::move(socket)), pace_(socket_.get_executor()) {
            boost::system::error_code ignored;
            socket_.set_option(tcp::no_delay(true), ignored);
        }

        void send(std::string_view bytes) {
            boost::system::error_code ignored;
            boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
        }

        /// One byte a millisecond.
        void send_slowly(std::string bytes) {
            if (bytes.empty()) return;
            send(std::string_view(bytes).substr(0, 1));
            later(std::chrono::milliseconds(1),
                  [this, rest = bytes.substr(1)](auto&) mutable { send_slowly(std::move(rest)); });
        }

        template <class F>
        void later(std::chrono::milliseconds after, F f) {
            pace_.expires_after(after);
            pace_.async_wait([self = shared_from_this(), f = std::move(f)](auto ec) mutable {
                if (!ec && self->socket_.is_open()) f(*self);  // it may have been on its way when closed
            });
        }

        void close() {
            boost::system::error_code ignored;
            pace_.cancel();
            socket_.close(ignored);
        }

        const std::size_t number;  // of the connection, from 1

      private:
        friend class fake_redis;

        void read() {
            socket_.async_read_some(
                boost::asio::buffer(buffer_), [self = shared_from_this()](auto ec, std::size_t n) {
                    if (ec || !self->owner_) return;
                    ++self->owner_->reads;
                    self->decoder_.feed({self->buffer_.data(), n});
                    store::reply r;
                    while (self->owner_ && self->decoder_.next(r) == store::reply_decoder::status::ready) {
                        words w;
                        for (auto& item : r.items) w.push_back(std::move(item.text));
                        self->owner_->receive(*self, w);
                    }
                    if (self->owner_ && self->socket_.is_open()) self->read();
                });
        }

        fake_redis* owner_;
        tcp::socket socket_;
        boost::asio::steady_timer pace_;
        store::reply_decoder decoder_;
        std::array<char, 64 * 1024> buffer_;
    };

    explicit fake_redis(boost::asio::io_context& io, std::uint16_t port = 0)
        : acceptor_(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), port)) {
        accept();
    }
    fake_redis(const fake_redis&) = delete;
    fake_redis& operator=(const fake_redis&) = delete;
    ~fake_redis() {
        for (auto& p : peers_) {
            p->owner_ = nullptr;
            p->close();
        }
    }

    static std::string echo(const std::string& text) {
        return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    std::size_t count(std::string_view command) const {
        std::size_t n = 0;
        for (const auto& w : seen) n += w.at(0) == command;
        return n;
    }

    /// Everything but the greeting; without it, silence.
    std::function<void(peer&, const words&)> on_command;
    /// ECHO, with which each load ends, is answered here where on_command answers the rest.
    bool echoes = true;
    /// AUTH, SELECT and CLIENT; without it, +OK.
    std::function<void(peer&, const words&)> on_greeting;

    std::vector<words> greetings, seen;
    std::size_t connections = 0;
    std::size_t reads = 0;

  private:
    void accept() {
        acceptor_.async_accept([this](auto ec, tcp::socket socket) {
            if (ec) return;
            peers_.push_back(std::make_shared<peer>(*this, std::move(socket), ++connections));
            peers_.back()->read();
            accept();
        });
    }

    void receive(peer& p, const words& w) {
        if (w.at(0) == "ECHO" && echoes && on_command) return p.send(echo(w.at(1)));
        const bool greeting = w.at(0) == "AUTH" || w.at(0) == "SELECT" || w.at(0) == "CLIENT";
        (greeting ? greetings : seen).push_back(w);
        if (!greeting && on_command) on_command(p, w);
        if (greeting && on_greeting) on_greeting(p, w);
        if (greeting && !on_greeting) p.send("+OK\r\n");
    }

    tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<peer>> peers_;
};

}  // namespace vestibule::test

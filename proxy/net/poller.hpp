// Readiness of one worker's sockets. They stand in an epoll set of their own, edge-triggered, which Asio
// waits for as for one descriptor: Asio's own reactor tries every read at once, and behind a proxy that
// attempt finds nothing two times in an exchange. Measured: 6 system calls per exchange with it, 4 without.
//
//     sockets --> [epoll set] --> Asio's reactor --> turn(): each socket that has something gets its say
//
// Not thread-safe; found by its io_context.
#pragma once

#include <vestibule/net/stream.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cstdint>
#include <vector>

struct epoll_event;

namespace vestibule::net {

class poller final : public asio::execution_context::service {
  public:
    using key_type = poller;
    static asio::execution_context::id id;

    /// What is polled: told of events until it is removed.
    class socket {
      public:
        /// `events`: EPOLL*. May remove and destroy any socket, also this one.
        virtual void on_events(std::uint32_t events) = 0;

      protected:
        ~socket() = default;
    };

    explicit poller(asio::execution_context& context);
    ~poller() override;

    static poller& of(asio::io_context& io) { return asio::use_service<poller>(io); }

    /// Begins with an event, if there is anything. False: the system allows no more.
    bool add(int descriptor, socket& s);
    /// No event comes after that. The descriptor may be closed before or after.
    void remove(int descriptor, socket& s) noexcept;

    /// Lets the socket have `events` in the next turn: a fair share for who could go on for ever.
    void later(socket& s, std::uint32_t events);
    /// Completes an operation in the next turn, never within the call.
    void complete_later(io_completion& done, error_code ec);

    /// The loop stays alive while operations wait.
    void operation_begins();
    void operation_ends() noexcept;

    /// Whether an event of the socket may be there that it has not been told of.
    bool may_have_news(const socket& s) const noexcept;

    /// Counts the rounds of events.
    std::uint64_t turn() const noexcept { return turn_; }

  private:
    struct deferred_event {
        socket* s;  // null: removed
        std::uint32_t events;
    };
    void shutdown() override;
    void arm();
    void dispatch();
    void post_deferred();
    void run_deferred();

    static constexpr int batch = 128;

    asio::io_context& io_;
    int set_;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> readiness_;
    std::size_t waiting_ = 0;  // operations
    bool armed_ = false;
    bool dispatching_ = false;
    std::uint64_t turn_ = 0;

    std::array<deferred_event, batch> events_;  // of the round under way
    int at_ = 0, count_ = 0;
    std::vector<deferred_event> deferred_, running_;
    io_completion* completed_ = nullptr;
    bool posted_ = false;
};

}  // namespace vestibule::net

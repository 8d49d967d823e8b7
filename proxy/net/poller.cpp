#include "net/poller.hpp"

#include <boost/asio/post.hpp>

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace vestibule::net {

asio::execution_context::id poller::id;

poller::poller(asio::execution_context& context)
    : service(context),
      io_(static_cast<asio::io_context&>(context)),
      set_(::epoll_create1(EPOLL_CLOEXEC)),
      readiness_(io_.get_executor()) {
    if (set_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    readiness_.assign(set_);
}

poller::~poller() = default;

void poller::shutdown() {
    error_code ignored;
    readiness_.close(ignored);
}

bool poller::add(int descriptor, socket& s) {
    epoll_event e{};
    e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    e.data.ptr = &s;
    return ::epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &e) == 0;
}

void poller::remove(int descriptor, socket& s) noexcept {
    if (descriptor >= 0) ::epoll_ctl(set_, EPOLL_CTL_DEL, descriptor, nullptr);
    for (int i = at_; i < count_; ++i)
        if (events_[std::size_t(i)].s == &s) events_[std::size_t(i)].s = nullptr;
    for (auto* list : {&deferred_, &running_})
        for (deferred_event& d : *list)
            if (d.s == &s) d.s = nullptr;
}

void poller::operation_begins() {
    if (waiting_++ == 0 && !dispatching_) arm();
}

void poller::operation_ends() noexcept {
    if (--waiting_ != 0 || !armed_) return;
    error_code ignored;
    readiness_.cancel(ignored);
    armed_ = false;
}

void poller::arm() {
    if (armed_) return;
    armed_ = true;
    readiness_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& ec) {
        if (ec) return;
        armed_ = false;
        dispatch();
    });
}

// Asio asks the set again when it is armed: what is left over makes the next turn come at once.
void poller::dispatch() {
    std::array<epoll_event, batch> ready;
    const int n = ::epoll_wait(set_, ready.data(), batch, 0);
    ++turn_;
    dispatching_ = true;
    for (int i = 0; i < n; ++i)
        events_[std::size_t(i)] = {static_cast<socket*>(ready[std::size_t(i)].data.ptr),
                                   ready[std::size_t(i)].events};
    count_ = std::max(n, 0);
    for (at_ = 0; at_ < count_;) {
        const deferred_event e = events_[std::size_t(at_++)];
        if (e.s != nullptr) e.s->on_events(e.events);
    }
    at_ = count_ = 0;
    dispatching_ = false;
    if (waiting_ > 0) arm();
}

bool poller::may_have_news(const socket& s) const noexcept {
    if (!dispatching_ || count_ == batch) return true;
    for (int i = at_; i < count_; ++i)
        if (events_[std::size_t(i)].s == &s) return true;
    return false;
}

void poller::later(socket& s, std::uint32_t events) {
    deferred_.push_back({&s, events});
    post_deferred();
}

void poller::complete_later(io_completion& done, error_code ec) {
    done.result = {ec, 0};
    done.next = std::exchange(completed_, &done);
    post_deferred();
}

void poller::post_deferred() {
    if (std::exchange(posted_, true)) return;
    asio::post(io_, [this] { run_deferred(); });
}

void poller::run_deferred() {
    posted_ = false;
    ++turn_;
    io_completion* c = std::exchange(completed_, nullptr);
    while (c != nullptr) {
        io_completion& done = *std::exchange(c, c->next);
        done.complete(done.result.ec, 0);
    }
    running_.swap(deferred_);
    for (std::size_t i = 0; i < running_.size(); ++i)
        if (running_[i].s != nullptr) running_[i].s->on_events(running_[i].events);
    running_.clear();
}

}  // namespace vestibule::net

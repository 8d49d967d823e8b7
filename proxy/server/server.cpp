#include <vestibule/server/server.hpp>

#include "server/connection.hpp"
#include "server/listener.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/event_loop.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <unistd.h>

#include <atomic>
#include <thread>

namespace vestibule::server {
namespace {

constexpr auto drain_poll = milliseconds(10);

/// One thread with everything it uses.
class worker {
  public:
    worker(std::shared_ptr<const site> s, const store_factory& make_store, metrics_registry& metrics,
           process_counts& counts, upstream::worker_share share)
        : store_(make_store(io_)),
          state_(std::in_place, io_, std::move(s), *store_, metrics, counts, upstream::connector(), share) {}

    struct listening {
        int descriptor;
        listen_params params;
        net::tls_server* tls;
    };
    void start(std::vector<listening> sockets) {
        thread_ = std::thread([this, sockets = std::move(sockets)] {
            for (const listening& l : sockets) {
                if (l.tls != nullptr && !state_->tls) state_->tls.emplace(state_->registry);
                listeners_.push_back(std::make_unique<listener>(*state_, l.descriptor, l.params, l.tls));
            }
            io_.run();
        });
    }
    void reload(std::shared_ptr<const site> s) {
        boost::asio::post(io_, [this, s = std::move(s)] {
            state_->backends.reconfigure(s->params.upstream);
            state_->current = s;
        });
    }
    void drain() {
        boost::asio::post(io_, [this] { detach(finish()); });
    }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    task<void> finish() {
        state_->draining = true;
        for (const auto& l : listeners_) l->close();
        for (connection* c = state_->first; c != nullptr; c = c->next()) c->drain();
        const milliseconds limit = state_->current->params.timeouts.drain;
        const auto until = std::chrono::steady_clock::now() + limit;
        net::timer poll(io_);
        while (state_->first != nullptr || state_->background > 0) {
            poll.expires_after(drain_poll);
            co_await net::wait(poll);
            if (limit > milliseconds(0) && std::chrono::steady_clock::now() >= until)
                for (connection* c = state_->first; c != nullptr; c = c->next()) c->abort();
        }
        listeners_.clear();
        state_.reset();
        store_.reset();
        guard_.reset();
    }

    // The reactor is used by one thread only; posting from others stays allowed.
    boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io_.get_executor()};
    std::unique_ptr<session::session_store> store_;
    std::optional<worker_state> state_;
    std::vector<std::unique_ptr<listener>> listeners_;
    std::thread thread_;
};

}  // namespace

struct server::impl {
    std::shared_ptr<const site> current;
    unsigned worker_count;
    store_factory make_store;
    metrics_registry& metrics;
    process_counts counts;
    std::vector<open_listener> open_listeners;
    std::shared_ptr<net::ticket_keys> tickets;
    std::vector<std::unique_ptr<worker>> workers;
    bool draining = false;
};

server::server(server_params params, unsigned workers, store_factory make_store, metrics_registry& metrics)
    : impl_(new impl{.current = std::make_shared<const site>(std::move(params)),
                     .worker_count = workers,
                     .make_store = std::move(make_store),
                     .metrics = metrics,
                     .counts = {},
                     .open_listeners = {},
                     .tickets = net::make_ticket_keys(),
                     .workers = {}}) {}

server::~server() {
    for (const open_listener& l : impl_->open_listeners) {
        for (const int fd : l.descriptors) ::close(fd);
        if (!l.unix_path.empty()) ::unlink(l.unix_path.c_str());
    }
}

bool server::listen(std::string& problem) {
    for (const listen_params& p : impl_->current->params.listen) {
        auto opened = open(p, impl_->worker_count);
        if (!opened) {
            problem = p.address + ": " + opened.error().message();
            return false;
        }
        if (p.tls) opened->tls = std::make_unique<net::tls_server>(*p.tls, impl_->tickets, opened->address);
        const bool good = !opened->tls || opened->tls->current();
        impl_->open_listeners.push_back(std::move(*opened));
        if (!good) problem = p.address + ": its TLS files are of no use";
        if (!good) return false;
    }
    return true;
}

std::vector<std::string> server::addresses() const {
    std::vector<std::string> out;
    for (const open_listener& l : impl_->open_listeners) out.push_back(l.address);
    return out;
}

void server::start() {
    for (unsigned i = 0; i < impl_->worker_count; ++i)
        impl_->workers.push_back(std::make_unique<worker>(impl_->current, impl_->make_store, impl_->metrics,
                                                          impl_->counts,
                                                          upstream::worker_share{i, impl_->worker_count}));
    for (unsigned i = 0; i < impl_->worker_count; ++i) {
        std::vector<worker::listening> sockets;
        for (std::size_t n = 0; n < impl_->open_listeners.size(); ++n) {
            const open_listener& l = impl_->open_listeners[n];
            sockets.push_back({l.descriptors[i], impl_->current->params.listen[n], l.tls.get()});
        }
        impl_->workers[i]->start(std::move(sockets));
    }
    for (open_listener& l : impl_->open_listeners) l.descriptors.clear();
}

void server::reload(server_params params) {
    impl_->current = std::make_shared<const site>(std::move(params), impl_->current.get());
    for (const auto& w : impl_->workers) w->reload(impl_->current);
    for (const open_listener& l : impl_->open_listeners)
        for (const listen_params& p : impl_->current->params.listen)
            if (l.tls && p.tls && p.address == l.configured) l.tls->reconfigure(*p.tls);
}

void server::drain() {
    if (impl_->draining) return;
    impl_->draining = true;
    for (const auto& w : impl_->workers) w->drain();
}

bool server::draining() const noexcept {
    return impl_->draining;
}

void server::wait() {
    for (const auto& w : impl_->workers) w->join();
}

}  // namespace vestibule::server

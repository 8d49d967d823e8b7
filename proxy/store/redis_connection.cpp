#include "store/redis_connection.hpp"

#include <vestibule/base/crypto.hpp>
#include <vestibule/base/logger.hpp>

#include <algorithm>
#include <cstring>
#include <exception>

namespace vestibule::store {
namespace {

constexpr milliseconds sweep_granularity{5};

std::uint32_t random_seed() noexcept {
    unsigned char bytes[4];
    random_bytes(bytes);
    std::uint32_t seed;
    std::memcpy(&seed, bytes, sizeof seed);
    return seed;
}

void end_program(std::exception_ptr) {
    std::terminate();  // only memory can run out here
}

}  // namespace

redis_connection::redis_connection(boost::asio::io_context& io, const store_params& params,
                                   metrics_registry& metrics)
    : io_(io),
      params_(params),
      connected_(metrics.gauge("vestibule_store_connected", "Workers connected to the session store.")),
      reconnects_(metrics.counter("vestibule_store_reconnects_total",
                                  "Connections to the session store made anew after one was lost.")),
      backoff_(random_seed()),
      dialer_(io, params.url,
              params.near_cache.enabled && reply_decoder::reads_resp3() ? resp_version::three
                                                                        : resp_version::two),
      pause_(io),
      watchdog_(io),
      last_failure_(errc::store_unavailable) {}

void redis_connection::start() {
    detach(run(), end_program);
}

void redis_connection::stop() {
    if (std::exchange(stopped_, true)) return;
    pause_.cancel();
    watchdog_.cancel();
    dialer_.cancel();
    observer_ = nullptr;
    failures failed;
    if (link_) {
        link_->close(errc::store_unavailable);
        for (const auto& orphan : link_->take_orphans())
            failed.emplace_back(orphan.op, errc::store_unavailable);
    }
    for (redis_operation* op : waiting_) failed.emplace_back(op, errc::store_unavailable);
    set_waiting({});
    complete(failed);
}

void redis_connection::distrust() {
    if (link_) link_->close(errc::store_protocol);
}

// False: it failed at once, and op.ec says how.
bool redis_connection::begin(redis_operation& op) {
    op.ec = {};
    const std::size_t pending = waiting_.size() + (link_ ? link_->in_flight() : 0);
    const std::size_t unsent = waiting_bytes_ + (link_ ? link_->unsent_bytes() : 0);
    if (stopped_)
        op.ec = errc::store_unavailable;
    else if (pending >= params_.max_waiting || unsent + op.request.size() > max_unsent_bytes)
        op.ec = errc::store_overloaded;
    else if (!link_ && next_attempt_ && *next_attempt_ >= op.deadline)
        op.ec = last_failure_;
    if (op.ec) return false;

    if (link_) {
        link_->submit(op);
    } else {
        waiting_.push_back(&op);
        waiting_bytes_ += op.request.size();
    }
    watch(op.deadline);
    return true;
}

task<void> redis_connection::run() {
    const auto self = shared_from_this();
    while (!stopped_) {
        mono_time since = exact_now();
        failures failed;
        auto dialled = co_await dialer_.open();
        if (stopped_) break;
        if (dialled) {
            co_await serve(std::move(*dialled), failed);
            since = exact_now();
        } else {
            report(dialled.error(), dialer_.problem());
        }
        // An attempt that took its time has waited enough.
        if (!stopped_) next_attempt_ = since + backoff_.next();
        drop_hopeless(failed);
        complete(failed);
        if (stopped_) break;
        pause_.expires_at(*next_attempt_);
        co_await net::wait(pause_);
        next_attempt_.reset();
    }
}

task<void> redis_connection::serve(redis_dialer::dialled d, failures& failed) {
    const auto link = std::make_shared<redis_link>(io_, std::move(d.stream), [this](const reply& r) {
        if (observer_) observer_->pushed(r);
    });
    link_ = link;
    connected_.set(1);
    if (std::exchange(was_connected_, true)) reconnects_.add();
    report_connected();
    detach(link->write_requests(), end_program);
    for (redis_operation* op : std::exchange(waiting_, {})) link->submit(*op);
    waiting_bytes_ = 0;
    if (observer_) observer_->connected(d.version);

    const error_code why = co_await link->read_replies();
    link_.reset();
    connected_.set(0);
    if (observer_) observer_->disconnected();
    if (stopped_) co_return;
    if (link->has_answered()) backoff_.reset();
    last_failure_ = errc::store_unavailable;
    if (link->protocol_problem())
        report(last_failure_, link->protocol_problem());
    else if (why == errc::store_protocol)
        report(last_failure_, "an answer that does not fit its question");
    else if (why == errc::store_timeout)
        report(last_failure_, "no answer in time");
    else if (link->in_flight() > 0)
        report(last_failure_, "connection lost");  // an idle one may be closed, that is no news
    sort_orphans(*link, why, failed);
}

void redis_connection::sort_orphans(redis_link& link, error_code why, failures& failed) {
    std::deque<redis_operation*> again;
    for (const auto& [op, sent, first] : link.take_orphans()) {
        if (first && why == errc::store_protocol) {
            failed.emplace_back(op, why);
        } else if (!sent) {
            again.push_back(op);
        } else if (op->repeatable && !op->repeated) {
            op->repeated = true;
            again.push_back(op);
        } else {
            failed.emplace_back(op, why == errc::store_timeout ? why : error_code(errc::store_unavailable));
        }
    }
    again.insert(again.end(), waiting_.begin(), waiting_.end());
    set_waiting(std::move(again));
}

// Those whose deadline comes before the next attempt need not wait for it.
void redis_connection::drop_hopeless(failures& failed) {
    std::deque<redis_operation*> kept;
    for (redis_operation* op : waiting_) {
        if (stopped_ || op->deadline <= *next_attempt_)
            failed.emplace_back(op, last_failure_);
        else
            kept.push_back(op);
    }
    set_waiting(std::move(kept));
}

// The timer is set for the oldest deadline when there is none set, so it fires about once per timeout,
// not once per operation.
void redis_connection::watch(mono_time until) {
    if (stopped_ || std::exchange(watching_, true)) return;
    watchdog_.expires_at(until);
    watchdog_.async_wait([self = shared_from_this()](const error_code& ec) {
        self->watching_ = false;
        if (!ec && !self->stopped_) self->sweep();
    });
}

void redis_connection::sweep() {
    const mono_time now = exact_now();
    failures failed;
    std::optional<mono_time> next;
    std::deque<redis_operation*> kept;
    for (redis_operation* op : waiting_) {
        if (op->deadline <= now) {
            failed.emplace_back(op, last_failure_);
        } else {
            kept.push_back(op);
            next = std::min(next.value_or(op->deadline), op->deadline);
        }
    }
    set_waiting(std::move(kept));
    if (link_) {
        std::vector<redis_operation*> late;
        link_->take_expired(now, late);
        for (redis_operation* op : late) failed.emplace_back(op, errc::store_timeout);
        if (const auto end = link_->patience_ends(params_.timeout); end && *end <= now)
            link_->close(errc::store_timeout);
        if (const auto event = link_->next_event(params_.timeout))
            next = std::min(next.value_or(*event), *event);
    }
    if (next) watch(std::max(*next, now + sweep_granularity));
    complete(failed);
}

void redis_connection::report(error_code kind, std::string reason) {
    last_failure_ = kind;
    if (reason == reported_) return;
    reported_ = std::move(reason);
    log::warn("no connection to the session store",
              {{"store", params_.url.display()}, {"reason", reported_}});
}

void redis_connection::report_connected() {
    if (reconnects_.get() > 0 && reported_.empty()) return;
    reported_.clear();
    log::info("connected to the session store", {{"store", params_.url.display()}});
}

void redis_connection::set_waiting(std::deque<redis_operation*> waiting) {
    waiting_ = std::move(waiting);
    waiting_bytes_ = 0;
    for (const redis_operation* op : waiting_) waiting_bytes_ += op->request.size();
}

// Last of all, since whoever wakes up may ask again at once.
void redis_connection::complete(const failures& failed) {
    for (const auto& [op, ec] : failed) op->complete(ec);
}

}  // namespace vestibule::store

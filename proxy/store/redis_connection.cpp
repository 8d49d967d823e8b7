#include "store/redis_connection.hpp"

#include <vestibule/base/crypto.hpp>
#include <vestibule/base/logger.hpp>

#include <algorithm>
#include <cstring>
#include <exception>

namespace vestibule::store {
namespace {

constexpr milliseconds sweep_granularity{5};
constexpr unsigned attempts_until_broken = 3;
constexpr std::size_t lowest_limit = 8;
constexpr unsigned answers_for_one_more = 8;
// A server that stays a replica is not connected to again and again for each write that it refuses.
constexpr milliseconds between_leaves{2000};

bool is_of_redis(std::string_view word) noexcept {
    static constexpr std::string_view words[] = {
        "ERR",         "NOPERM",     "NOAUTH",  "WRONGPASS", "DENIED",    "READONLY",  "LOADING", "MISCONF",
        "MASTERDOWN",  "NOREPLICAS", "OOM",     "BUSY",      "NOSCRIPT",  "WRONGTYPE", "MOVED",   "ASK",
        "CLUSTERDOWN", "TRYAGAIN",   "NOPROTO", "CROSSSLOT", "EXECABORT", "UNBLOCKED", "IOERR",   "NOTREADY",
    };
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::uint32_t random_seed() noexcept {
    unsigned char bytes[4];
    random_bytes(bytes);
    std::uint32_t seed;
    std::memcpy(&seed, bytes, sizeof seed);
    return seed;
}

}  // namespace

redis_connection::redis_connection(boost::asio::io_context& io, const store_params& params,
                                   std::unique_ptr<dialer> d, link_metrics metrics)
    : io_(io),
      params_(params),
      metrics_(metrics),
      limit_(params.max_waiting),
      backoff_(random_seed()),
      dialer_(std::move(d)),
      pause_(io),
      watchdog_(io),
      last_failure_(errc::store_unavailable) {}

void redis_connection::start() {
    detach(run());
}

void redis_connection::stop() {
    if (std::exchange(stopped_, true)) return;
    pause_.cancel();
    watchdog_.cancel();
    dialer_->cancel();
    observer_ = nullptr;
    referee_ = nullptr;
    show_broken(false);
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

void redis_connection::leave(std::string why) {
    leaving_ = std::move(why);
    if (link_) link_->close(errc::store_unavailable);
    pause_.cancel();
}

bool redis_connection::begin(redis_operation& op) {
    op.ec = {};
    op.answered_by = this;
    const std::size_t unsent = waiting_bytes_ + (link_ ? link_->unsent_bytes() : 0);
    if (stopped_) {
        op.ec = errc::store_unavailable;
    } else if (pending() >= (op.urgent ? params_.max_waiting : limit_) ||
               unsent + op.request.size() > max_unsent_bytes) {
        op.ec = errc::store_overloaded;
        metrics_.limited.add();
    } else if (broken_ || (!link_ && next_attempt_ && *next_attempt_ >= op.deadline)) {
        op.ec = last_failure_;
    }
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
        auto dialled = co_await dialer_->open();
        if (stopped_) break;
        if (dialled) {
            failed_attempts_ = 0;
            co_await serve(std::move(*dialled), failed);
            since = exact_now();
        } else {
            report(dialled.error(), dialer_->problem());
            if (++failed_attempts_ >= attempts_until_broken) show_broken(true);
        }
        // An attempt that took its time has waited enough; and where the link was given up, there is
        // somewhere to go.
        const bool at_once = !std::exchange(leaving_, {}).empty() && dialled;
        if (!stopped_) next_attempt_ = at_once ? since : since + backoff_.next();
        if (!stopped_ && referee_) referee_->in_trouble();
        drop_hopeless(failed);
        complete(failed);
        if (stopped_) break;
        pause_.expires_at(*next_attempt_);
        co_await net::wait(pause_);
        next_attempt_.reset();
    }
}

task<void> redis_connection::serve(dialer::dialled d, failures& failed) {
    redis_link::events e;
    e.on_push = [this](const reply& r) {
        if (observer_) observer_->pushed(r);
    };
    e.on_answer = [this](redis_operation& op) { return take_answer(op); };
    const auto link = std::make_shared<redis_link>(io_, std::move(d.stream), std::move(e));
    link_ = link;
    at_ = std::move(d.at);
    connected_at_ = counted_since_ = exact_now();
    per_timeout_.reset();
    limited_ = false;
    counted_from_ = 0;
    limit_ = params_.max_waiting;
    leaving_.clear();
    metrics_.connected.add(1);
    show_broken(false);
    if (std::exchange(was_connected_, true)) metrics_.reconnects.add();
    report_connected();
    detach(link->write_requests());
    for (redis_operation* op : std::exchange(waiting_, {})) link->submit(*op);
    waiting_bytes_ = 0;
    if (observer_) observer_->connected(d.version, at_);

    const error_code why = co_await link->read_replies();
    link_.reset();
    metrics_.connected.add(-1);
    if (observer_) observer_->disconnected();
    if (stopped_) co_return;
    if (link->answered() > 0) backoff_.reset();
    last_failure_ = errc::store_unavailable;
    if (!leaving_.empty())
        report(last_failure_, leaving_);
    else if (link->protocol_problem())
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
            show_broken(true);
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
        limit(late.size());
        if (const auto end = link_->patience_ends(params_.timeout); end && *end <= now) {
            link_->close(errc::store_timeout);
            show_broken(true);
        }
        if (const auto event = link_->next_event(params_.timeout))
            next = std::min(next.value_or(*event), *event);
    }
    if (next) watch(std::max(*next, now + sweep_granularity));
    complete(failed);
}

// All replies are there. True: it is not over with that.
bool redis_connection::take_answer(redis_operation& op) {
    const reply* const refusal = op.refusal();
    if (refusal == nullptr) {
        if (limit_ < params_.max_waiting && ++answered_at_limit_ >= answers_for_one_more) {
            answered_at_limit_ = 0;
            ++limit_;
        }
        return false;
    }
    if (referee_ && referee_->redirected(op, *refusal)) return true;
    const std::string_view word = error_word(refusal->text);
    // No Redis says so: who knows what else is not as it was sent, and to whose question the next answer is.
    if (!is_of_redis(word)) {
        distrust();
        return false;
    }
    if (word != "READONLY" && word != "MASTERDOWN") return false;
    if (exact_now() - connected_at_ < between_leaves && !dialer_->finds()) return false;
    leave(std::string(word) + ": not a primary (any more)");
    return send_again(op);
}

// On the next connection; only what the server has not done, by its own word.
bool redis_connection::send_again(redis_operation& op) {
    if (stopped_ || op.deadline <= exact_now() || !(op.repeatable || op.replies.size() == 1)) return false;
    waiting_.push_back(&op);
    waiting_bytes_ += op.request.size();
    watch(op.deadline);
    return true;
}

// The server says something, but too late for some: what it has lately answered in one timeout is what it
// can do.
void redis_connection::limit(std::size_t expired) {
    const mono_time now = exact_now();
    if (const auto elapsed = now - counted_since_; elapsed >= params_.timeout / 2) {
        const std::uint64_t answered = link_->answered() - counted_from_;
        per_timeout_ = double(answered) * (std::chrono::duration<double>(params_.timeout) / elapsed);
        counted_since_ = now;
        counted_from_ = link_->answered();
        limited_ = false;
    }
    if (expired == 0 || !per_timeout_ || std::exchange(limited_, true)) return;
    limit_ = std::clamp(static_cast<std::size_t>(*per_timeout_), std::min(lowest_limit, params_.max_waiting),
                        params_.max_waiting);
    answered_at_limit_ = 0;
}

void redis_connection::show_broken(bool now) {
    if (std::exchange(broken_, now) == now) return;
    metrics_.broken.add(now ? 1 : -1);
}

void redis_connection::report(error_code kind, std::string reason) {
    last_failure_ = kind;
    if (reason == reported_) return;
    reported_ = std::move(reason);
    log::warn("no connection to the session store",
              {{"store", params_.url.display()}, {"reason", reported_}});
}

void redis_connection::report_connected() {
    if (metrics_.reconnects.get() > 0 && reported_.empty()) return;
    reported_.clear();
    log::info("connected to the session store", {{"store", params_.url.display()}, {"server", name_of(at_)}});
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

#include "store/tracking.hpp"

#include <vestibule/base/logger.hpp>

#include <algorithm>
#include <array>
#include <mutex>

namespace vestibule::store {
namespace {

constexpr milliseconds slowest_beat{250};

std::mutex told_mutex;
std::string told;  // the refusal last logged by this process

void end_program(std::exception_ptr) {
    std::terminate();  // only memory can run out here
}

}  // namespace

tracking::tracking(boost::asio::io_context& io, const store_params& params, redis_connection& connection,
                   near_cache& cache, metrics_registry& metrics,
                   std::function<void(std::string_view)> on_invalidated)
    : io_(io),
      params_(params),
      connection_(connection),
      cache_(cache),
      state_(cache),
      on_invalidated_(std::move(on_invalidated)),
      open_gauge_(metrics.gauge("vestibule_near_cache_open",
                                "Workers whose near cache is kept coherent by the session store.")),
      invalidations_(metrics.counter("vestibule_near_cache_invalidations_total",
                                     "Changes of sessions that the session store told of.")),
      pause_(io) {}

void tracking::start() {
    connection_.observe(*this);
    detach(keep_beating(), end_program);
}

void tracking::stop() {
    stopped_ = true;
    state_.disconnected();
    show_open();
    pause_.cancel();
    if (channel_) channel_->stop();
}

void tracking::connected(resp_version v) {
    state_.connected(v);
    if (state_.needs_channel() && !channel_) open_channel();
    if (!state_.needs_channel() && channel_) {
        std::exchange(channel_, nullptr)->stop();
        state_.channel_lost();
    }
    arm();
}

void tracking::disconnected() {
    state_.disconnected();
    show_open();
}

// Its events come while this lives: stop() ends it first.
void tracking::open_channel() {
    channel_ = std::make_shared<invalidation_channel>(
        io_, params_.url,
        invalidation_channel::events{
            .on_ready =
                [this](std::int64_t id) {
                    state_.channel_ready(id);
                    arm();
                },
            .on_message = [this](const reply& keys) { take_keys(keys); },
            .on_pong = [this](const tracking_state::question& q) { state_.channel_beaten(q); },
            .on_lost =
                [this] {
                    state_.channel_lost();
                    show_open();
                },
            .on_refused = [this](const std::string& why) { refuse(why); }});
    channel_->start();
}

void tracking::arm() {
    if (stopped_) return;
    if (const auto q = state_.arm(exact_now())) detach(ask_for_it(*q), end_program);
}

task<void> tracking::ask_for_it(tracking_state::question q) {
    const auto self = shared_from_this();
    std::array<reply, 1> answer;
    redis_operation op(answer, false, q.asked + params_.timeout);
    if (q.redirect)
        append_command(op.request, {"CLIENT", "TRACKING", "ON", "REDIRECT", std::to_string(*q.redirect)});
    else
        append_command(op.request, {"CLIENT", "TRACKING", "ON"});
    const error_code ec = co_await connection_.execute(op);
    if (stopped_ || !state_.is_current(q)) co_return;
    if (ec) co_return state_.not_armed(q);  // the next beat asks again
    if (!answer[0].is_status("OK")) {
        state_.not_armed(q);
        co_return refuse("CLIENT TRACKING: " + std::string(error_word(answer[0].text)));
    }
    state_.armed(q);
    show_open();
    const std::lock_guard lock(told_mutex);
    if (!std::exchange(told, {}).empty())
        log::info("near cache on again", {{"store", params_.url.display()}});
}

// All workers meet the same refusal: it is told once.
void tracking::refuse(const std::string& why) {
    state_.refused();
    const std::lock_guard lock(told_mutex);
    if (why == told) return;
    told = why;
    log::warn("near cache off: the session store does not tell of changes",
              {{"store", params_.url.display()}, {"reason", why}});
}

void tracking::pushed(const reply& r) {
    if (r.items.size() == 2 && r.items[0].text == "invalidate") take_keys(r.items[1]);
}

void tracking::take_keys(const reply& keys) {
    if (keys.is_nil()) {  // FLUSHDB, FLUSHALL
        invalidations_.add();
        cache_.invalidate_all();
        return;
    }
    for (const reply& key : keys.items) {
        std::string_view sid = key.text;
        if (!sid.starts_with(params_.prefix)) continue;  // another database's
        sid.remove_prefix(params_.prefix.size());
        invalidations_.add();
        cache_.invalidate(sid);
        on_invalidated_(sid);
    }
}

task<void> tracking::keep_beating() {
    const auto self = shared_from_this();
    const auto interval = std::min<mono_time::duration>(slowest_beat, params_.near_cache.max_stale / 10);
    while (!stopped_) {
        pause_.expires_after(interval);
        co_await net::wait(pause_);
        if (stopped_) co_return;
        arm();
        co_await beat();
    }
}

task<void> tracking::beat() {
    const auto q = state_.beat(exact_now());
    if (!q) co_return;
    std::array<reply, 1> answer;
    redis_operation op(answer, true, q->asked + params_.timeout);
    append_command(op.request, {"PING"});
    const error_code ec = co_await connection_.execute(op);
    if (stopped_) co_return;
    if (!ec && state_.beaten(*q)) channel_->ping(*q);
    if (channel_) channel_->hurry(params_.near_cache.max_stale);
}

}  // namespace vestibule::store

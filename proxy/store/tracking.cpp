#include "store/tracking.hpp"

#include "store/redis_dialer.hpp"

#include <vestibule/base/logger.hpp>

#include <algorithm>
#include <array>
#include <mutex>

namespace vestibule::store {
namespace {

constexpr milliseconds slowest_beat{250};
constexpr milliseconds soon{25};  // until the heart is as it should be

std::mutex told_mutex;
std::string told;  // the refusal last logged by this process

}  // namespace

tracking::tracking(boost::asio::io_context& io, const store_params& params, redis_connection& connection,
                   near_cache& cache, cache_events events, heartbeat h)
    : io_(io),
      params_(params),
      connection_(connection),
      cache_(cache),
      state_(cache),
      events_(std::move(events)),
      heartbeat_(std::move(h)),
      pause_(io) {}

void tracking::start() {
    connection_.observe(*this);
    detach(keep_beating());
}

void tracking::stop() {
    stopped_ = true;
    state_.disconnected();
    show_open();
    pause_.cancel();
    if (channel_) channel_->stop();
}

void tracking::show_open() {
    if (std::exchange(open_, cache_.open()) != open_) events_.on_open(open_);
}

void tracking::connected(resp_version v, const net::endpoint& at) {
    state_.connected(v);
    if (state_.needs_channel() && !channel_) open_channel(at);
    arm();
}

// Where the next connection leads is not known: the id of a channel means nothing to another server.
void tracking::disconnected() {
    state_.disconnected();
    if (channel_) close_channel();
    show_open();
}

void tracking::close_channel() {
    std::exchange(channel_, nullptr)->stop();
    state_.channel_lost();
}

// Its events come while this lives: stop() ends it first.
void tracking::open_channel(const net::endpoint& at) {
    greeting g = greeting_of(params_);
    g.wanted = resp_version::two;
    channel_ = std::make_shared<invalidation_channel>(
        io_, std::make_unique<redis_dialer>(io_, params_, at, std::move(g)),
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
    if (const auto q = state_.arm(exact_now())) detach(ask_for_it(*q));
}

task<void> tracking::ask_for_it(tracking_state::question q) {
    const auto self = shared_from_this();
    std::array<reply, 3> answer;
    redis_operation op(answer, false, q.asked + params_.timeout);
    if (q.redirect)
        append_command(op.request,
                       {"CLIENT", "TRACKING", "ON", "REDIRECT", std::to_string(*q.redirect), "OPTIN"});
    else
        append_command(op.request, {"CLIENT", "TRACKING", "ON", "OPTIN"});
    append_command(op.request, {"CLIENT", "CACHING", "YES"});  // as each question will that is kept
    op.request += heartbeat_.question;
    op.urgent = true;
    const error_code ec = co_await carried(connection_, op);
    if (stopped_ || !state_.is_current(q)) co_return;
    if (ec) co_return state_.not_armed(q);  // the next beat asks again
    for (const int i : {0, 1}) {
        if (answer[i].is_status("OK")) continue;
        state_.not_armed(q);
        const std::string_view word = error_word(answer[i].text);
        co_return refuse((i == 0 ? "CLIENT TRACKING: " : "CLIENT CACHING: ") + std::string(word));
    }
    // What it has is not all there yet (LOADING), or it is the wrong one: what was kept may still be of use.
    if (!heartbeat_.sound(answer[2])) co_return state_.not_armed(q);
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
        cache_.invalidate_all();
        return events_.on_invalidated({});
    }
    for (const reply& key : keys.items) {
        std::string_view sid = key.text;
        if (!sid.starts_with(params_.prefix)) continue;  // another database's
        sid.remove_prefix(params_.prefix.size());
        cache_.invalidate(sid);
        events_.on_invalidated(sid);
    }
}

task<void> tracking::keep_beating() {
    const auto self = shared_from_this();
    const auto interval = std::min<mono_time::duration>(slowest_beat, params_.near_cache.max_stale / 10);
    while (!stopped_) {
        pause_.expires_after(cache_.open() ? interval : std::min<mono_time::duration>(interval, soon));
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
    op.request = heartbeat_.question;
    op.urgent = true;
    const error_code ec = co_await carried(connection_, op);
    if (stopped_) co_return;
    const bool sound = !ec && heartbeat_.sound(answer[0]);
    if (sound && !stopped_ && state_.beaten(*q)) channel_->ping(*q);
    if (channel_) channel_->hurry(params_.near_cache.max_stale);
}

}  // namespace vestibule::store

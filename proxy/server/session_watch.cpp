#include "server/session_watch.hpp"

#include <vestibule/base/logger.hpp>

#include <utility>

namespace vestibule::server {
namespace {

constexpr auto look_interval = milliseconds(200);

}  // namespace

watched_exchange::watched_exchange(session_watch& w, std::string_view sid, stream_origin origin,
                                   std::function<void(stream_end)> on_end)
    : watch_(w), origin_(std::move(origin)), on_end_(std::move(on_end)) {
    enter(sid);
    if (!watch_.tick_.armed()) watch_.tick_.set(look_interval);
}

void watched_exchange::enter(std::string_view sid) {
    sid_ = sid;
    watched_session& s = watch_.sessions_[sid_];
    next_ = s.first;
    link_ = &s.first;
    if (next_ != nullptr) next_->link_ = &next_;
    s.first = this;
}

void watched_exchange::leave() noexcept {
    if (link_ == nullptr) return;
    *link_ = next_;
    if (next_ != nullptr) next_->link_ = link_;
    link_ = nullptr;
    const auto s = watch_.sessions_.find(sid_);
    if (s->second.first == nullptr) watch_.sessions_.erase(s);
}

void watched_exchange::follow(std::string_view sid) {
    const std::string to(sid);
    leave();
    enter(to);
}

void session_watch::look() {
    // Ends and moves come when nobody goes through the table any more.
    std::vector<std::pair<std::string, session::session_ptr>> changed;
    const bool refill = to_ask_.empty();
    for (const auto& [sid, s] : sessions_) {
        if (session::session_ptr now = store_.find(sid)) {
            if (!all_stay(s, *now)) changed.emplace_back(sid, std::move(now));
        } else if (refill && !s.asking) {
            to_ask_.push_back(sid);
        }
    }
    for (const auto& [sid, now] : changed) tell(sid, now.get());
    // A store that cannot answer ends nothing.
    if (!store_.reachable()) to_ask_.clear();
    while (asking_ < most_asking && !to_ask_.empty())
        detach(ask(), [](std::exception_ptr e) {
            try {
                std::rethrow_exception(e);
            } catch (const std::exception& x) {
                log::error("watching sessions failed", {{"error", x.what()}});
            }
        });
    if (!sessions_.empty()) tick_.set(look_interval);
}

// Asks for one session after the other until all are through; up to most_asking of these run beside each
// other.
task<void> session_watch::ask() {
    struct count {
        std::size_t &asking, &background;
        count(std::size_t& a, std::size_t& b) : asking(a), background(b) { ++asking, ++background; }
        ~count() { --asking, --background; }
        count(const count&) = delete;
        count& operator=(const count&) = delete;
    } const unit(asking_, background_);
    while (!to_ask_.empty()) {
        const std::string sid = std::move(to_ask_.back());
        to_ask_.pop_back();
        if (const auto s = sessions_.find(sid); s != sessions_.end())
            s->second.asking = true;
        else
            continue;
        const auto now = co_await store_.load(sid);
        if (const auto s = sessions_.find(sid); s != sessions_.end()) s->second.asking = false;
        if (now) tell(sid, now->get());
    }
}

bool session_watch::all_stay(const watched_session& s, const session::stored_session& now) {
    for (const watched_exchange* e = s.first; e != nullptr; e = e->next_) {
        const stream_verdict v = judge_stream(&now, e->origin_);
        if (v.end != stream_end::none || !v.follow.empty()) return false;
    }
    return true;
}

// What the store has of a session now, to all that is open of it.
void session_watch::tell(std::string_view sid, const session::stored_session* now) {
    const auto s = sessions_.find(sid);
    if (s == sessions_.end()) return;
    // The last that leaves takes the table's entry with it.
    for (watched_exchange *e = s->second.first, *next = nullptr; e != nullptr; e = next) {
        next = e->next_;
        const stream_verdict v = judge_stream(now, e->origin_);
        if (v.end != stream_end::none) {
            e->leave();
            e->on_end_(v.end);
        } else if (!v.follow.empty()) {
            e->follow(v.follow);
        }
    }
}

}  // namespace vestibule::server

#include "store/near_cache.hpp"

namespace vestibule::store {
namespace {

// What an entry costs beside its texts: node of the queue, node and slot of the table, the session object,
// and the header lines that the server notes in it.
constexpr std::size_t entry_overhead = 900;

}  // namespace

near_cache::near_cache(std::size_t max_bytes, milliseconds max_stale)
    : max_bytes_(max_bytes), max_stale_(max_stale) {}

near_cache::~near_cache() {
    ground_all();
}

near_cache::flight::~flight() {
    if (cache_ != nullptr) cache_->flights_.erase(sid_);
}

session::session_ptr near_cache::find(std::string_view sid, mono_time now) noexcept {
    if (!open_ || !fresh(now)) return {};
    return answer(sid, now);
}

session::session_ptr near_cache::find_stale(std::string_view sid, mono_time now) noexcept {
    if (!fresh(now)) {
        if (!open_) clear();
        return {};
    }
    return answer(sid, now);
}

session::session_ptr near_cache::answer(std::string_view sid, mono_time now) noexcept {
    const auto found = entries_.find(sid);
    if (found == entries_.end()) return {};
    entry& e = *found->second;
    // The store tells of an expired key only when it comes across it: an entry ends by itself.
    if (e.session->ttl && now >= e.session->loaded + *e.session->ttl) {
        erase(found->second);
        return {};
    }
    e.visited = true;
    return e.session;
}

void near_cache::take_off(flight& f, std::string_view sid) {
    if (!open_) return;
    f.sid_ = sid;
    f.cache_ = this;
    flights_.emplace(f.sid_, &f);
}

near_cache::flight* near_cache::in_flight(std::string_view sid) noexcept {
    const auto found = flights_.find(sid);
    return found == flights_.end() ? nullptr : found->second;
}

void near_cache::land(flight& f, const session::session_ptr& s) {
    if (f.cache_ != this) return;
    flights_.erase(f.sid_);
    f.cache_ = nullptr;
    // Neither what is not there nor what is no session: both are asked for again each time.
    if (s && s->parsed() != nullptr) keep(f.sid_, s);
}

void near_cache::keep(std::string_view sid, const session::session_ptr& s) {
    const std::size_t cost = entry_overhead + sid.size() + 2 * s->value.size();
    if (const auto old = entries_.find(sid); old != entries_.end()) erase(old->second);
    if (cost > max_bytes_ / 8 || sid.size() > session::max_sid_size) return;  // one must not push out all
    while (bytes_ + cost > max_bytes_) evict_one();
    queue_.push_front({s, cost, false, session::sid_text(sid)});
    entries_.emplace(queue_.front().sid, queue_.begin());
    bytes_ += cost;
}

void near_cache::evict_one() noexcept {
    auto e = hand_ == queue_.end() ? std::prev(queue_.end()) : hand_;
    while (e->visited) {
        e->visited = false;
        e = e == queue_.begin() ? std::prev(queue_.end()) : std::prev(e);
    }
    hand_ = e;
    erase(e);
    ++evictions_;
}

void near_cache::erase(queue::iterator e) noexcept {
    if (e == hand_) hand_ = e == queue_.begin() ? queue_.end() : std::prev(e);
    bytes_ -= e->bytes;
    entries_.erase(e->sid);
    queue_.erase(e);
}

void near_cache::invalidate(std::string_view sid) noexcept {
    if (const auto f = flights_.find(sid); f != flights_.end()) {
        f->second->cache_ = nullptr;
        flights_.erase(f);
    }
    if (const auto e = entries_.find(sid); e != entries_.end()) erase(e->second);
}

void near_cache::invalidate_all() noexcept {
    ground_all();
    clear();
}

void near_cache::armed(mono_time asked) noexcept {
    invalidate_all();
    open_ = true;
    confirmed_ = asked;
}

void near_cache::lost() noexcept {
    ground_all();
    open_ = false;
}

void near_cache::confirmed(mono_time when) noexcept {
    if (open_ && when > confirmed_) confirmed_ = when;
}

void near_cache::resize(std::size_t max_bytes) noexcept {
    max_bytes_ = max_bytes;
    while (bytes_ > max_bytes_) evict_one();
}

void near_cache::ground_all() noexcept {
    for (const auto& [sid, f] : flights_) f->cache_ = nullptr;
    flights_.clear();
}

void near_cache::clear() noexcept {
    entries_.clear();
    queue_.clear();
    hand_ = queue_.end();
    bytes_ = 0;
}

}  // namespace vestibule::store

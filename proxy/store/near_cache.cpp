#include "store/near_cache.hpp"

namespace vestibule::store {
namespace {

// What an entry costs beside its texts: node of the queue, node and slot of the table, the session object,
// and the header lines that the server notes in it.
constexpr std::size_t session_overhead = 900;

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
    const auto e = entry_of(sid, now);
    if (e == queue_.end() || e->left_over) return {};
    e->visited = true;
    return e->session;
}

session::session_ptr near_cache::find_stale(std::string_view sid, mono_time now) noexcept {
    if (!open_ && !fresh(now)) {
        clear();
        return {};
    }
    const auto e = entry_of(sid, now);
    if (e == queue_.end() || !(e->left_over ? now <= e->ends : fresh(now))) return {};
    e->visited = true;
    return e->session;
}

near_cache::queue::iterator near_cache::entry_of(std::string_view sid, mono_time now) noexcept {
    const auto found = entries_.find(sid);
    if (found == entries_.end()) return queue_.end();
    const auto e = found->second;
    // The store tells of an expired key only when it comes across it: an entry ends by itself.
    if (!e->session->ttl || now < e->session->loaded + *e->session->ttl) return e;
    erase(e);
    return queue_.end();
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

void near_cache::land(flight& f, std::string_view sid, const session::session_ptr& s, bool tracked) {
    const bool valid = f.cache_ == this;
    if (valid) {
        flights_.erase(f.sid_);
        f.cache_ = nullptr;
    }
    // Neither what is not there nor what is no session: both are asked for again each time.
    if (valid && tracked && s && s->parsed() != nullptr) return keep(sid, s);
    // What was kept for an outage may be older than this answer.
    const auto e = entries_.find(sid);
    if (e == entries_.end() || (open_ && !e->second->left_over)) return;
    if (!s || s->value != e->second->session->value) erase(e->second);
}

void near_cache::keep(std::string_view sid, const session::session_ptr& s) {
    const std::size_t cost = session_overhead + sid.size() + 2 * s->value.size();
    if (const auto old = entries_.find(sid); old != entries_.end()) erase(old->second);
    if (cost > max_bytes_ / 8 || sid.size() > session::max_sid_size) return;  // one must not push out all
    while (bytes_ + cost > max_bytes_) evict_one();
    queue_.push_front({s, cost, false, false, {}, session::sid_text(sid)});
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
    ground_all();
    drop_left_over(asked);
    for (entry& e : queue_) {
        if (e.left_over) continue;
        e.left_over = true;
        e.ends = confirmed_ + max_stale_;
    }
    left_over_ = !queue_.empty();
    left_over_ends_ = confirmed_ + max_stale_;
    open_ = true;
    confirmed_ = asked;
}

void near_cache::lost() noexcept {
    ground_all();
    open_ = false;
}

void near_cache::confirmed(mono_time when) noexcept {
    if (open_ && when > confirmed_) confirmed_ = when;
    if (left_over_ && when > left_over_ends_) {
        drop_left_over(when);
        left_over_ = false;
    }
}

void near_cache::resize(std::size_t max_bytes) noexcept {
    max_bytes_ = max_bytes;
    while (bytes_ > max_bytes_) evict_one();
}

void near_cache::drop_left_over(mono_time now) noexcept {
    for (auto e = queue_.begin(); e != queue_.end();) {
        const auto each = e++;
        if (each->left_over && each->ends < now) erase(each);
    }
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

#include <vestibule/base/logger.hpp>
#include <vestibule/store/memory_store.hpp>

#include "store/ttl.hpp"

namespace vestibule::store {
namespace {

using session::stored_session;
using session::write_outcome;

// What an entry costs beside the bytes of key and value: the nodes of table, list and tree, and the value's
// string and control block. 274 bytes by glibc's own count, and some for what it cannot use in between.
constexpr std::size_t entry_overhead = 304;

constexpr std::size_t removals_per_call = 4;
constexpr milliseconds report_interval{60'000};

std::size_t cost(std::size_t key, std::size_t value) noexcept {
    return entry_overhead + key + value;
}

}  // namespace

memory_sessions::memory_sessions(std::size_t max_bytes, const clock_source& clock, metrics_registry& metrics)
    : max_bytes_(max_bytes),
      clock_(clock),
      bytes_gauge_(
          metrics.gauge("vestibule_store_memory_bytes", "Bytes in use by the embedded session store.")),
      evictions_(metrics.counter("vestibule_store_evictions_total",
                                 "Live sessions dropped because the embedded session store was full.")) {}

session::session_ptr memory_sessions::load(std::string_view sid) {
    std::optional<milliseconds> ttl;
    std::shared_ptr<const std::string> value;
    {
        const std::lock_guard lock(mutex_);
        const unix_time now = clock_.now();
        node* n = find_live(sid, now);
        if (!n) return {};
        value = n->second.value;
        if (n->second.expiry != expiry_.end()) ttl = n->second.expiry->first - now;
    }
    return session::session_ptr(new stored_session(*value, ttl, mono_now()));
}

result<write_outcome> memory_sessions::create(std::string_view sid, std::string_view value,
                                              std::optional<seconds> ttl) {
    auto stored = std::make_shared<const std::string>(value);
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    if (find_live(sid, now)) return write_outcome::conflict;
    if (!make_room(cost(sid.size(), value.size()), nullptr, now)) return make_error_code(errc::store_refused);

    node& n = *entries_.try_emplace(std::string(sid)).first;
    n.second.value = std::move(stored);
    recency_.push_front(&n);
    n.second.used = recency_.begin();
    n.second.expiry = expiry_.end();
    if (ttl) expire_at(n, now + storable(*ttl));
    account(cost(sid.size(), value.size()), 0);
    return write_outcome::done;
}

result<write_outcome> memory_sessions::compare_and_set(std::string_view sid, std::string_view expected,
                                                       std::string_view value) {
    auto stored = std::make_shared<const std::string>(value);
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    node* n = find_live(sid, now);
    if (!n) return write_outcome::absent;
    if (*n->second.value != expected) return write_outcome::conflict;
    if (value.size() > expected.size() && !make_room(value.size() - expected.size(), n, now))
        return make_error_code(errc::store_refused);
    n->second.value = std::move(stored);
    account(value.size(), expected.size());
    return write_outcome::done;
}

write_outcome memory_sessions::touch(std::string_view sid, seconds ttl) {
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    node* n = find_live(sid, now);
    if (!n) return write_outcome::absent;
    expire_at(*n, now + storable(ttl));
    return write_outcome::done;
}

bool memory_sessions::destroy(std::string_view sid) {
    const std::lock_guard lock(mutex_);
    node* n = find_live(sid, clock_.now());
    if (n) erase(*n);
    return n != nullptr;
}

std::size_t memory_sessions::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

std::size_t memory_sessions::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

// Every call begins here: removes a few expired sessions, and the wanted one where it is expired too.
memory_sessions::node* memory_sessions::find_live(std::string_view sid, unix_time now) {
    drop_expired(now, removals_per_call);
    const auto found = entries_.find(sid);
    if (found == entries_.end()) return nullptr;
    entry& e = found->second;
    if (e.expiry != expiry_.end() && e.expiry->first <= now) {
        erase(*found);
        return nullptr;
    }
    recency_.splice(recency_.begin(), recency_, e.used);
    return &*found;
}

void memory_sessions::expire_at(node& n, std::optional<unix_time> when) {
    if (n.second.expiry != expiry_.end()) expiry_.erase(n.second.expiry);
    n.second.expiry = when ? expiry_.emplace(*when, &n) : expiry_.end();
}

void memory_sessions::drop_expired(unix_time now, std::size_t at_most) {
    for (; at_most > 0 && !expiry_.empty() && expiry_.begin()->first <= now; --at_most)
        erase(*expiry_.begin()->second);
}

bool memory_sessions::make_room(std::size_t needed, const node* keep, unix_time now) {
    const std::size_t kept = keep ? cost(keep->first.size(), keep->second.value->size()) : 0;
    if (needed + kept > max_bytes_) return false;
    while (bytes_ + needed > max_bytes_) {
        if (!expiry_.empty() && expiry_.begin()->first <= now) {
            erase(*expiry_.begin()->second);
            continue;
        }
        // `keep` was used last, so it is the front, and by the check above there is another one.
        erase(*recency_.back());
        evictions_.add();
        report_eviction(now);
    }
    return true;
}

void memory_sessions::erase(node& n) {
    account(0, cost(n.first.size(), n.second.value->size()));
    if (n.second.expiry != expiry_.end()) expiry_.erase(n.second.expiry);
    recency_.erase(n.second.used);
    entries_.erase(entries_.find(n.first));
}

void memory_sessions::account(std::size_t added, std::size_t removed) {
    bytes_ = bytes_ + added - removed;
    bytes_gauge_.set(static_cast<std::int64_t>(bytes_));
}

void memory_sessions::report_eviction(unix_time now) {
    if (last_report_ && now - *last_report_ < report_interval) return;
    last_report_ = now;
    log::warn("the embedded session store is full; the least recently used sessions are dropped",
              {{"bytes", bytes_}, {"sessions", entries_.size()}, {"evicted_total", evictions_.get()}});
}

}  // namespace vestibule::store

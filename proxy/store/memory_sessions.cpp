#include <vestibule/base/logger.hpp>
#include <vestibule/store/memory_store.hpp>

#include "store/tombstone.hpp"
#include "store/ttl.hpp"

#include <algorithm>
#include <charconv>

namespace vestibule::store {
namespace {

using session::stored_session;
using session::write_outcome;

// What an entry costs beside the bytes of key and value: the nodes of table, list and tree, and the value's
// string and control block. 274 bytes by glibc's own count, and some for what it cannot use in between.
constexpr std::size_t entry_overhead = 304;

constexpr std::size_t removals_per_call = 4;
constexpr milliseconds report_interval{60'000};

// Tombstones are entries, too, under what is no sid.
constexpr char tombstone_mark = '\x01';

std::string tombstone_key(std::string_view sid) {
    return tombstone_mark + std::string(sid);
}

std::size_t cost(std::size_t key, std::size_t value) noexcept {
    return entry_overhead + key + value;
}

}  // namespace

memory_sessions::memory_sessions(std::size_t max_bytes, const clock_source& clock, metrics_registry& metrics,
                                 seconds tombstone)
    : max_bytes_(max_bytes),
      clock_(clock),
      tombstone_(tombstone),
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
        if (!n) {
            node* const grave = tombstone_ > seconds(0) ? find_live(tombstone_key(sid), now) : nullptr;
            return grave ? read_tombstone(*grave->second.value, now) : session::session_ptr();
        }
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
    if (!free_bytes(cost(sid.size(), value.size()), nullptr, now))
        return make_error_code(errc::store_refused);

    put(std::string(sid), std::move(stored), ttl ? std::optional(now + storable(*ttl)) : std::nullopt);
    return write_outcome::done;
}

void memory_sessions::put(std::string key, std::shared_ptr<const std::string> value,
                          std::optional<unix_time> end) {
    account(cost(key.size(), value->size()), 0);
    node& n = *entries_.try_emplace(std::move(key)).first;
    n.second.value = std::move(value);
    recency_.push_front(&n);
    n.second.used = recency_.begin();
    n.second.expiry = expiry_.end();
    if (end) expire_at(n, *end);
}

result<write_outcome> memory_sessions::compare_and_set(std::string_view sid, std::string_view expected,
                                                       std::string_view value) {
    auto stored = std::make_shared<const std::string>(value);
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    node* n = find_live(sid, now);
    if (!n) return write_outcome::absent;
    if (*n->second.value != expected) return write_outcome::conflict;
    if (value.size() > expected.size() && !free_bytes(value.size() - expected.size(), n, now))
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

session::destroyed memory_sessions::destroy(std::string_view sid) {
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    node* n = find_live(sid, now);
    if (n) erase(*n);
    session::destroyed out{.existed = n != nullptr};
    if (node* const grave = find_live(tombstone_key(sid), now))
        out.moved_to = read_tombstone(*grave->second.value, now)->value;
    bury(sid, tombstone_text({}, false, {}, now), now, tombstone_);
    return out;
}

write_outcome memory_sessions::retire(std::string_view sid, std::string_view expected,
                                      std::string_view moved_to, bool follow, milliseconds grace) {
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    node* n = find_live(sid, now);
    if (!n) return write_outcome::absent;
    if (*n->second.value != expected) return write_outcome::conflict;
    erase(*n);
    bury(sid, tombstone_text(moved_to, follow, grace, now), now, tombstone_);
    return write_outcome::done;
}

write_outcome memory_sessions::claim(std::string_view sid, std::string_view by, milliseconds grace) {
    const std::lock_guard lock(mutex_);
    const unix_time now = clock_.now();
    if (find_live(tombstone_key(sid), now) != nullptr) return write_outcome::conflict;
    bury(sid, tombstone_text(by, false, grace, now), now, std::max<milliseconds>(tombstone_, grace));
    return write_outcome::done;
}

void memory_sessions::bury(std::string_view sid, std::string text, unix_time now, milliseconds lasting) {
    if (tombstone_ == seconds(0)) return;
    std::string key = tombstone_key(sid);
    if (node* old = find_live(key, now)) erase(*old);
    if (!free_bytes(cost(key.size(), text.size()), nullptr, now)) return;
    put(std::move(key), std::make_shared<const std::string>(std::move(text)), now + lasting);
}

std::size_t memory_sessions::enlist(std::string_view user, std::string_view sid) {
    const std::lock_guard lock(mutex_);
    const auto list = lists_.try_emplace(std::string(user)).first;
    if (node* n = find_live(sid, clock_.now()); n && n->second.user != user) {
        leave_list(*n);
        n->second.user = user;
        account(user.size(), 0);
        list->second.insert(std::string(sid));
    }
    const std::size_t size = list->second.size();
    if (size == 0) lists_.erase(list);
    return size;
}

void memory_sessions::delist(std::string_view user, std::string_view sid) {
    const std::lock_guard lock(mutex_);
    if (node* n = find_live(sid, clock_.now()); n && n->second.user == user) leave_list(*n);
}

std::vector<std::string> memory_sessions::make_room(std::string_view user, std::string_view sid,
                                                    std::size_t count) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all = listed(user);
    const auto kept = std::find(all.begin(), all.end(), sid);
    if (kept == all.end()) return {};
    const std::size_t over = all.size() > count ? all.size() - count : 0;
    all.erase(kept);
    all.resize(std::min(over, all.size()));
    for (const std::string& each : all)
        if (node* n = find_live(each, clock_.now())) leave_list(*n);
    return all;
}

std::vector<std::string> memory_sessions::sessions_of(std::string_view user) {
    const std::lock_guard lock(mutex_);
    return listed(user);
}

std::vector<std::string> memory_sessions::listed(std::string_view user) {
    const auto list = lists_.find(user);
    if (list == lists_.end()) return {};
    std::vector<std::pair<unix_time, std::string>> found;
    const std::vector<std::string> sids(list->second.begin(), list->second.end());
    for (const std::string& sid : sids)  // the list shrinks meanwhile
        if (node* n = find_live(sid, clock_.now()))
            found.emplace_back(n->second.expiry == expiry_.end() ? unix_time::max() : n->second.expiry->first,
                               sid);
    std::sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (auto& [end, sid] : found) out.push_back(std::move(sid));
    return out;
}

// From bucket to bucket of the table.
session::sid_page memory_sessions::scan(std::string_view from, std::size_t count) {
    const std::lock_guard lock(mutex_);
    std::size_t bucket = 0;
    std::from_chars(from.data(), from.data() + from.size(), bucket);
    const unix_time now = clock_.now();
    session::sid_page page;
    for (; bucket < entries_.bucket_count() && page.sids.size() < count; ++bucket)
        for (auto n = entries_.begin(bucket); n != entries_.end(bucket); ++n) {
            const auto& e = n->second;
            const bool over = e.expiry != expiry_.end() && e.expiry->first <= now;
            if (!over && n->first.front() != tombstone_mark) page.sids.push_back(n->first);
        }
    if (bucket < entries_.bucket_count()) page.next = std::to_string(bucket);
    return page;
}

void memory_sessions::leave_list(node& n) {
    if (n.second.user.empty()) return;
    const auto list = lists_.find(n.second.user);
    list->second.erase(n.first);
    if (list->second.empty()) lists_.erase(list);
    account(0, n.second.user.size());
    n.second.user.clear();
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

bool memory_sessions::free_bytes(std::size_t needed, const node* keep, unix_time now) {
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
    leave_list(n);
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

// The embedded store of `memory:` URLs: for one replica, gone with the process.
//
//     auto sessions = std::make_shared<memory_sessions>(params.memory_bytes, real_clock(), metrics);
//     auto store = make_memory_store(sessions, metrics);   // one for each worker
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/metrics.hpp>
#include <vestibule/session/session_store.hpp>

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vestibule::store {

/// All sessions of the process. Thread-safe.
///
/// Bounded: `max_bytes` count keys, values and an estimate of what an entry costs beside them. Where a
/// write does not fit, expired sessions go first, then the least recently used ones, which is counted
/// (vestibule_store_evictions_total) and logged. Expired sessions are never seen; their memory is given
/// back a few at a time by whatever call comes next, there is no thread.
class memory_sessions {
  public:
    /// `tombstone`: how long what has ended stays ended; 0: nothing is kept of it.
    memory_sessions(std::size_t max_bytes, const clock_source& clock, metrics_registry& metrics,
                    seconds tombstone = seconds(300));

    /// Null: there is none.
    session::session_ptr load(std::string_view sid);

    /// Error of both writes: store_refused, the value alone is larger than the store.
    result<session::write_outcome> create(std::string_view sid, std::string_view value,
                                          std::optional<seconds> ttl);
    result<session::write_outcome> compare_and_set(std::string_view sid, std::string_view expected,
                                                   std::string_view value);
    session::write_outcome touch(std::string_view sid, seconds ttl);
    session::destroyed destroy(std::string_view sid);
    session::write_outcome retire(std::string_view sid, std::string_view expected, std::string_view moved_to,
                                  bool follow, milliseconds grace);

    session::write_outcome claim(std::string_view sid, std::string_view by, milliseconds grace);

    /// Of sessions that are there; they leave the list with their end.
    std::size_t enlist(std::string_view user, std::string_view sid);
    void delist(std::string_view user, std::string_view sid);
    std::vector<std::string> make_room(std::string_view user, std::string_view sid, std::size_t count);
    std::vector<std::string> sessions_of(std::string_view user);

    session::sid_page scan(std::string_view from, std::size_t count);

    /// Bytes in use, as the bound counts them; expired sessions that still wait for removal included.
    std::size_t bytes() const;
    /// Sessions and tombstones.
    std::size_t size() const;

  private:
    struct entry;
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>()(s); }
    };
    using node = std::pair<const std::string, entry>;
    using recency = std::list<node*>;                      // most recently used first
    using expiry_order = std::multimap<unix_time, node*>;  // soonest first

    struct entry {
        std::shared_ptr<const std::string> value;  // copied out after the lock is released
        recency::iterator used;
        expiry_order::iterator expiry;  // end(): none
        std::string user;               // in whose list it is; empty: nobody's
    };
    using table = std::unordered_map<std::string, entry, hash, std::equal_to<>>;

    node* find_live(std::string_view sid, unix_time now);
    void expire_at(node& n, std::optional<unix_time> when);
    void drop_expired(unix_time now, std::size_t at_most);
    std::vector<std::string> listed(std::string_view user);
    bool free_bytes(std::size_t needed, const node* keep, unix_time now);
    void erase(node& n);
    void put(std::string key, std::shared_ptr<const std::string> value, std::optional<unix_time> end);
    void bury(std::string_view sid, std::string text, unix_time now, milliseconds lasting);
    void leave_list(node& n);
    void account(std::size_t added, std::size_t removed);
    void report_eviction(unix_time now);

    const std::size_t max_bytes_;
    const clock_source& clock_;
    const seconds tombstone_;
    metric_cell& bytes_gauge_;
    metric_cell& evictions_;

    mutable std::mutex mutex_;  // for everything below, and for changing the two cells
    table entries_;
    recency recency_;
    expiry_order expiry_;
    std::unordered_map<std::string, std::set<std::string, std::less<>>, hash, std::equal_to<>> lists_;
    std::size_t bytes_ = 0;
    std::optional<unix_time> last_report_;
};

/// The store as one worker sees it. Never suspends.
std::unique_ptr<session::session_store> make_memory_store(std::shared_ptr<memory_sessions> sessions,
                                                          metrics_registry& metrics);

}  // namespace vestibule::store

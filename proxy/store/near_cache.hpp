// What one worker keeps in memory of the sessions it has seen, and when it may answer from it. Pure: no
// I/O, no clock of its own. proxy/store/README.md is the model behind it; a test explores it exhaustively.
//
//     [closed] --armed()--> [open] --lost()--> [closed]
//
//     open:    whoever changes a session in the store makes it say so, and invalidate() is called in time
//     closed:  nothing is kept and nothing answered
//
// While the store cannot answer, open or closed: what was kept when contact was lost, for max_stale after the
// store was last heard of then, and unless it has said something else since.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/session/sid.hpp>
#include <vestibule/session/stored_session.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace vestibule::store {

/// Not thread-safe: each worker has its own.
class near_cache {
  public:
    /// `max_bytes`: of this one.
    near_cache(std::size_t max_bytes, milliseconds max_stale);
    near_cache(const near_cache&) = delete;
    near_cache& operator=(const near_cache&) = delete;
    ~near_cache();

    /// The session as the store has it, or had it max_stale ago at the most. Null: ask the store.
    session::session_ptr find(std::string_view sid, mono_time now) noexcept;

    /// For when the store cannot answer: the session as it was max_stale ago at the most.
    session::session_ptr find_stale(std::string_view sid, mono_time now) noexcept;

    /// One question to the store that is under way. Whoever asked it owns it.
    class flight {
      public:
        flight() = default;
        flight(const flight&) = delete;
        flight& operator=(const flight&) = delete;
        ~flight();

      private:
        friend class near_cache;
        near_cache* cache_ = nullptr;  // null: its answer must not be kept, and nobody joins it
        std::string sid_;
    };

    /// A question is asked: from now on, until it lands, others may wait for its answer. Only where none
    /// is under way that one could join.
    void take_off(flight& f, std::string_view sid);
    /// The question whose answer may be given to who asks now; null where there is none.
    flight* in_flight(std::string_view sid) noexcept;
    /// The answer is there; null: no live session. Kept, where `tracked` (who answered will tell of changes),
    /// unless something has come in between that may be newer, or it took off from another cache.
    void land(flight& f, std::string_view sid, const session::session_ptr& s, bool tracked);

    /// Somebody has changed the session, or is about to.
    void invalidate(std::string_view sid) noexcept;
    void invalidate_all() noexcept;

    /// Tracking is in force for every question asked from now on; `asked` is when it was asked for.
    void armed(mono_time asked) noexcept;
    /// Changes may go unnoticed from now on.
    void lost() noexcept;
    /// Every change made before `when` has been told.
    void confirmed(mono_time when) noexcept;

    /// From now on so many bytes.
    void resize(std::size_t max_bytes) noexcept;

    bool open() const noexcept { return open_; }
    mono_time last_confirmed() const noexcept { return confirmed_; }
    std::size_t bytes() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return entries_.size(); }
    std::uint64_t evictions() const noexcept { return evictions_; }

  private:
    struct entry {
        session::session_ptr session;
        std::size_t bytes;
        bool visited;    // since the hand last came by
        bool left_over;  // from before contact was lost: for outages alone, until `ends`
        mono_time ends;
        session::sid_text sid;  // here and not elsewhere: a hit touches as little memory as can be
    };
    // SIEVE (Zhang et al., NSDI 2024): a queue by age, newest first, and a hand that moves from old to
    // new; it spares what was used since its last visit and removes the first that was not. A hit sets
    // one bit and moves nothing.
    using queue = std::list<entry>;
    using entry_table = boost::unordered_flat_map<std::string_view, queue::iterator>;  // keys: entry.sid
    using flight_table = boost::unordered_flat_map<std::string_view, flight*>;         // keys: flight.sid_

    bool fresh(mono_time now) const noexcept { return now - confirmed_ <= max_stale_; }
    queue::iterator entry_of(std::string_view sid, mono_time now) noexcept;
    void keep(std::string_view sid, const session::session_ptr& s);
    void evict_one() noexcept;
    void erase(queue::iterator e) noexcept;
    void clear() noexcept;
    void drop_left_over(mono_time now) noexcept;
    void ground_all() noexcept;

    std::size_t max_bytes_;
    const mono_time::duration max_stale_;
    bool open_ = false;
    mono_time confirmed_{};
    bool left_over_ = false;  // there may be such entries
    mono_time left_over_ends_{};
    queue queue_;
    queue::iterator hand_ = queue_.end();  // end(): begins at the oldest
    entry_table entries_;
    flight_table flights_;
    std::size_t bytes_ = 0;
    std::uint64_t evictions_ = 0;
};

}  // namespace vestibule::store

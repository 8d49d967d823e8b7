// Where sessions live: the interface that every store implements (room store) and the server uses.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/session/stored_session.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

enum class write_outcome {
    done,
    absent,    // compare_and_set, touch, retire: there is no such session (any more)
    conflict,  // create: the sid exists; compare_and_set, retire: the value is another one
};

/// What was there when a session was ended.
struct destroyed {
    bool existed = false;
    std::string moved_to{};  // under this sid it had gone on, or had been replaced, before
};

/// Some of all sids that a store has.
struct sid_page {
    std::vector<std::string> sids;
    std::string next;  // where the next page begins; empty: this was the last
};

/// One store as one worker sees it. All calls come from the thread of that worker; none blocks it. An
/// error (errc 300-399) always means that the store could not answer, never that a session is absent.
/// Arguments may be views: a store copies what it keeps past the call's first suspension.
class session_store {
  public:
    virtual ~session_store() = default;

    /// The session without asking, where what is kept of it in memory is known to be what the store has.
    /// Null: load() has to tell.
    virtual session_ptr find(std::string_view) { return {}; }

    /// The same for who only wants to know whether it has changed: not counted.
    virtual session_ptr peek(std::string_view) { return {}; }

    /// Whether these ever find anything.
    virtual bool remembers() const noexcept { return false; }

    /// The session as the store has it now, or null where there is none. Not every answer is a live one:
    /// see standing.
    virtual task<result<session_ptr>> load(std::string_view sid) = 0;

    /// Stores a new session; never overwrites one.
    virtual task<result<write_outcome>> create(std::string_view sid, std::string_view value,
                                               std::optional<seconds> ttl) = 0;

    /// Replaces the value if it is still `expected`, atomically. The key's TTL stays as it is.
    virtual task<result<write_outcome>> compare_and_set(std::string_view sid, std::string_view expected,
                                                        std::string_view value) = 0;

    /// Sets the TTL; never brings a session back.
    virtual task<result<write_outcome>> touch(std::string_view sid, seconds ttl) = 0;

    /// Ends a session, under this sid alone (end_wherever() is for all). Whatever is stored under its sid
    /// later, by a client of the store that does not know of its end, is answered as ended, as long as the
    /// store's tombstones last.
    virtual task<result<destroyed>> destroy(std::string_view sid) = 0;

    /// Ends `sid` if its value is still `expected`, atomically, because its session goes on as `moved_to`.
    /// For `grace` it is answered as moved there, or where that is not for everybody who has the old one
    /// (`follow` is false) as replaced, then as ended.
    virtual task<result<write_outcome>> retire(std::string_view sid, std::string_view expected,
                                               std::string_view moved_to, bool follow,
                                               milliseconds grace) = 0;

    /// For a sid under which nothing is stored: from now on it is answered as replaced by `by`, for `grace`,
    /// then as ended. conflict: it has been, or has ended.
    virtual task<result<write_outcome>> claim(std::string_view sid, std::string_view by,
                                              milliseconds grace) = 0;

    /// Enters a session, which ends after `ttl` unless it is entered again, into the list of a user's
    /// sessions. How many are in it then.
    virtual task<result<std::size_t>> enlist(std::string_view user, std::string_view sid,
                                             std::optional<seconds> ttl) = 0;
    virtual task<result<void>> delist(std::string_view user, std::string_view sid) = 0;

    /// Takes those that end first out of that list, as many as it has over `count`, atomically; not `sid`,
    /// and none where that is not in the list (any more). They are whoever calls to end.
    virtual task<result<std::vector<std::string>>> make_room(std::string_view user, std::string_view sid,
                                                             std::size_t count) = 0;

    /// What is in that list, the soonest to end first; some of them may have ended.
    virtual task<result<std::vector<std::string>>> sessions_of(std::string_view user) = 0;

    /// About `count` of all sids, from where the page before ended; "" begins. What comes and goes meanwhile
    /// may be missed or come twice.
    virtual task<result<sid_page>> scan(std::string_view from, std::size_t count) = 0;

    /// Whether the store answers now. Error: why not.
    virtual task<result<void>> ping() = 0;

    /// Whether contact with the store stands, as far as is known without asking it.
    virtual bool reachable() const noexcept { return true; }
};

}  // namespace vestibule::session

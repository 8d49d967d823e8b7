// Where sessions live: the interface that every store implements (room store) and the server uses.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/session/stored_session.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace vestibule::session {

enum class write_outcome {
    done,
    absent,    // compare_and_set, touch: there is no such session (any more)
    conflict,  // create: the sid exists; compare_and_set: the value is another one
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

    /// The session as the store has it now, or null where there is none.
    virtual task<result<session_ptr>> load(std::string_view sid) = 0;

    /// Stores a new session; never overwrites one.
    virtual task<result<write_outcome>> create(std::string_view sid, std::string_view value,
                                               std::optional<seconds> ttl) = 0;

    /// Replaces the value if it is still `expected`, atomically. The key's TTL stays as it is.
    virtual task<result<write_outcome>> compare_and_set(std::string_view sid, std::string_view expected,
                                                        std::string_view value) = 0;

    /// Sets the TTL; never brings a session back.
    virtual task<result<write_outcome>> touch(std::string_view sid, seconds ttl) = 0;

    /// Removes a session. Whether there was one.
    virtual task<result<bool>> destroy(std::string_view sid) = 0;

    /// Whether the store answers now. Error: why not.
    virtual task<result<void>> ping() = 0;

    /// Whether contact with the store stands, as far as is known without asking it.
    virtual bool reachable() const noexcept { return true; }
};

}  // namespace vestibule::session

// The open tunnels and event streams of one worker that belong to a stored session, and the look at these
// sessions every 200 to 300 ms for as long as there are any: in the near cache where it has them, which costs
// no round trip, else in the store.
//
//     watched_exchange watched(watch, sid, origin, [this](stream_end why) { ... });   // and go on
#pragma once

#include "server/stream_verdict.hpp"

#include <vestibule/base/task.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/session/session_store.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vestibule::server {

class session_watch;
class watched_exchange;

/// A session with what is open of it.
struct watched_session {
    watched_exchange* first = nullptr;
    bool asking = false;  // the store is being asked for it
};

/// Hangs in the watch from its making to its end.
class watched_exchange {
  public:
    /// `on_end` is called once at most, when the session is over. It begins to end the exchange, by closing
    /// and the like; it must not end this or another one before it returns.
    watched_exchange(session_watch& w, std::string_view sid, stream_origin origin,
                     std::function<void(stream_end)> on_end);
    ~watched_exchange() { leave(); }
    watched_exchange(const watched_exchange&) = delete;
    watched_exchange& operator=(const watched_exchange&) = delete;

    /// Its session has another sid now.
    void follow(std::string_view sid);

  private:
    friend class session_watch;
    void enter(std::string_view sid);
    void leave() noexcept;

    session_watch& watch_;
    const stream_origin origin_;
    const std::function<void(stream_end)> on_end_;
    std::string sid_;
    watched_exchange* next_ = nullptr;
    watched_exchange** link_ = nullptr;  // the pointer that points to this one; null: out of the watch
};

/// One per worker; not thread-safe.
class session_watch {
  public:
    /// `background`: counts questions to the store that are under way.
    session_watch(net::deadline_sweeper& sweeper, session::session_store& store, std::size_t& background)
        : store_(store), background_(background), tick_(sweeper, [this] { look(); }) {}

    /// Sessions with something open.
    std::size_t size() const noexcept { return sessions_.size(); }

    /// Looks at all of them. Called by the sweep; what it has to ask for comes later.
    void look();

    static constexpr std::size_t most_asking = 64;  // questions under way at a time

  private:
    friend class watched_exchange;
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>()(s); }
    };
    task<void> ask();
    static bool all_stay(const watched_session& s, const session::stored_session& now);
    void tell(std::string_view sid, const session::stored_session* now);

    session::session_store& store_;
    std::size_t& background_;
    net::deadline tick_;
    std::unordered_map<std::string, watched_session, hash, std::equal_to<>> sessions_;
    std::vector<std::string> to_ask_;  // last first
    std::size_t asking_ = 0;
};

}  // namespace vestibule::server

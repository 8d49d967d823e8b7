#include <vestibule/session/user_sessions.hpp>

#include <vestibule/session/identity.hpp>

namespace vestibule::session {

task<result<std::vector<user_session>>> live_sessions_of(session_store& store, std::string_view user,
                                                         const lifecycle_params& p) {
    const auto sids = co_await store.sessions_of(user);
    if (!sids) co_return sids.error();
    std::vector<user_session> live;
    for (const std::string& sid : *sids) {
        auto loaded = co_await store.load(sid);
        if (!loaded) co_return loaded.error();
        const document* const d = live_document(*loaded);
        if (d != nullptr && user_of(*d, p) == user) {
            live.push_back({sid, std::move(*loaded)});
            continue;
        }
        const auto gone = co_await store.delist(user, sid);
        if (!gone) co_return gone.error();
    }
    co_return live;
}

// Only those: what is listed may be another user's by now, or no session document, which is never deleted.
task<result<std::size_t>> end_sessions_of(session_store& store, std::string_view user,
                                          const lifecycle_params& p) {
    const auto live = co_await live_sessions_of(store, user, p);
    if (!live) co_return live.error();
    std::size_t ended = 0;
    for (const user_session& each : *live) {
        const auto there = co_await store.destroy(each.sid);
        if (!there) co_return there.error();
        ended += *there;
        const auto gone = co_await store.delist(user, each.sid);
        if (!gone) co_return gone.error();
    }
    co_return ended;
}

}  // namespace vestibule::session

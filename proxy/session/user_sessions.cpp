#include <vestibule/session/user_sessions.hpp>

#include <vestibule/session/identity.hpp>

#include <algorithm>

namespace vestibule::session {

namespace {

constexpr int most_moves = 8;  // under way at a time

}  // namespace

task<result<destroyed>> end_wherever(session_store& store, std::string_view sid) {
    destroyed out;
    std::string at(sid);
    for (int i = 0; i < most_moves && !at.empty(); ++i) {
        auto gone = co_await store.destroy(at);
        if (!gone) co_return gone.error();
        out.existed = out.existed || gone->existed;
        at = std::move(gone->moved_to);
    }
    co_return out;
}

task<result<std::vector<user_session>>> live_sessions_of(session_store& store, std::string_view user,
                                                         const lifecycle_params& p) {
    const auto sids = co_await store.sessions_of(user);
    if (!sids) co_return sids.error();
    std::vector<user_session> live;
    for (const std::string& sid : *sids) {
        auto loaded = co_await store.load(sid);
        if (!loaded) co_return loaded.error();
        std::string at = sid;
        if (*loaded && (*loaded)->state != standing::live && !(*loaded)->value.empty()) {
            at = (*loaded)->value;  // it has just got another sid, which may not be listed yet
            loaded = co_await store.load(at);
            if (!loaded) co_return loaded.error();
        }
        const document* const d = live_document(*loaded);
        const auto same = [&](const user_session& each) { return each.sid == at; };
        if (d != nullptr && user_of(*d, p) == user && std::none_of(live.begin(), live.end(), same))
            live.push_back({at, std::move(*loaded)});
        if (d != nullptr && at == sid && user_of(*d, p) == user) continue;
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
        const auto there = co_await end_wherever(store, each.sid);
        if (!there) co_return there.error();
        ended += there->existed;
        const auto gone = co_await store.delist(user, each.sid);
        if (!gone) co_return gone.error();
    }
    co_return ended;
}

}  // namespace vestibule::session

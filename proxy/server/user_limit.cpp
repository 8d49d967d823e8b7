#include "server/user_limit.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/session/user_sessions.hpp>

namespace vestibule::server {
namespace {

// denied: a user has as many sessions as may be, `sid` and `leaving` aside, and no more are let in.
task<result<write_end>> find_room(worker_state& w, const site& s, std::string user, std::string sid,
                                  std::string leaving) {
    const user_limit_params& limit = s.params.session.max_per_user;
    if (limit.count == 0 || limit.evict) co_return write_end::done;
    const auto all = co_await session::live_sessions_of(w.store, user, s.params.session.life);
    if (!all) co_return all.error();
    std::size_t others = 0;
    for (const session::user_session& each : *all) others += each.sid != sid && each.sid != leaving;
    co_return others >= limit.count ? write_end::denied : write_end::done;
}

}  // namespace

void log_limit(const site& s, std::string_view sid, std::string_view event) {
    if (!log::sessions_enabled()) return;
    log::info(event, {{"handle", s.make_handle(sid)}, {"reason", "max_per_user"}});
}

task<result<void>> evict(worker_state& w, const site& s, std::string user, std::string sid) {
    const user_limit_params& limit = s.params.session.max_per_user;
    const auto live = co_await session::live_sessions_of(w.store, user, s.params.session.life);
    if (!live) co_return live.error();
    if (live->size() <= limit.count) co_return result<void>();
    const auto over = co_await w.store.make_room(user, sid, limit.count);
    if (!over) co_return over.error();
    for (const std::string& each : *over) {
        const auto gone = co_await session::end_wherever(w.store, each);
        if (!gone) co_return gone.error();
        w.metrics.count_end(end_reason::limit);
        log_limit(s, each, "session ended");
    }
    co_return result<void>();
}

task<result<write_end>> enter_list(worker_state& w, const site& s, const written& fresh, std::string user,
                                   std::string leaving) {
    const auto count = co_await w.store.enlist(user, fresh.sid, fresh.ttl);
    const user_limit_params& limit = s.params.session.max_per_user;
    if (!count && limit.count > 0 && !limit.evict) co_return count.error();
    if (!count) {
        log::info("session write failed",
                  {{"operation", "enlist"}, {"side", "store"}, {"error", count.error().message()}});
        co_return write_end::done;
    }
    w.lists.entered(fresh.sid, fresh.ttl, mono_now());
    if (*count <= limit.count) co_return write_end::done;
    co_return co_await find_room(w, s, user, fresh.sid, leaving);
}

task<result<write_end>> keep_to_limit(worker_state& w, std::shared_ptr<const site> s, std::string user,
                                      std::string sid, std::size_t count) {
    const user_limit_params& limit = s->params.session.max_per_user;
    if (limit.count == 0 || count <= limit.count) co_return write_end::done;
    if (limit.evict) {
        const auto kept = co_await evict(w, *s, user, sid);
        if (!kept) co_return kept.error();
        co_return write_end::done;
    }
    const std::string leaving;
    const auto room = co_await find_room(w, *s, user, sid, leaving);
    if (!room || *room == write_end::done) co_return room;
    if (const auto gone = co_await session::end_wherever(w.store, sid); !gone) co_return gone.error();
    if (const auto gone = co_await w.store.delist(user, sid); !gone) co_return gone.error();
    w.metrics.count_end(end_reason::limit);
    log_limit(*s, sid, "session ended");
    co_return write_end::denied;
}

}  // namespace vestibule::server

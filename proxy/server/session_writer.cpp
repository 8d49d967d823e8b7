#include "server/session_writer.hpp"

#include "server/background.hpp"
#include "server/user_limit.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/session/user_sessions.hpp>

namespace vestibule::server {

using session::document;
using session::live_document;
using session::noting;
using session::session_ptr;
using session::sid_step;
using session::standing;
using session::write_outcome;

namespace {

constexpr auto longest_wait = seconds(5);

// As express-session stores it.
std::string same_site_text(http::same_site_mode mode) {
    switch (mode) {
        case http::same_site_mode::lax: return "lax";
        case http::same_site_mode::strict: return "strict";
        case http::same_site_mode::none: return "none";
        case http::same_site_mode::off: break;
    }
    return {};
}

std::string new_document(const site& s, bool secure) {
    const cookie_params& c = s.params.session.cookie;
    return "{\"cookie\":" +
           session::cookie_member_json({.max_age = c.max_age,
                                        .http_only = c.http_only,
                                        .secure = secure,
                                        .partitioned = c.partitioned,
                                        .path = c.path,
                                        .domain = c.domain,
                                        .same_site = same_site_text(c.same_site)},
                                       wall_now()) +
           '}';
}

std::optional<seconds> life_of(const document& d, const site& s) {
    return session::touch_ttl({.original_max_age = d.cookie().original_max_age}, s.params.session.life);
}

// What one attempt sets out to do.
struct attempt {
    std::string text;
    noting how = noting::as_it_is;
    std::string user, old_user;
    session::vault_report vault{};
};

bool is_handover(const document& old, const std::string& text, const session::lifecycle_params& life) {
    const auto now = document::parse(text);
    const std::string from = session::user_of(old, life),
                      to = now ? session::user_of(*now, life) : std::string();
    return !from.empty() && !to.empty() && from != to;
}

// Whether what only the one was to have whom the session was made for would get to somebody else, or to
// nobody.
bool leaves_vault(const document& old, const std::string& text, const session::lifecycle_params& life) {
    const auto now = document::parse(text);
    const std::string owner = old.own().vault ? session::owner_of(old, life) : std::string();
    return !owner.empty() && now && session::user_of(*now, life) != owner;
}

// Pure: the text that goes into the store instead of `before`.
result<attempt> plan(const std::string& before, bool exists, const session::session_changes& c, sid_step step,
                     const std::string& fresh, const site& s) {
    const auto& life = s.params.session.life;
    attempt a;
    auto text = session::applied(before, c, &a.vault);
    if (!text) return text.error();
    const auto old = document::parse(before);
    if (old && exists && is_handover(*old, *text, life)) {
        // Somebody else gets nothing of what was one's own.
        text = session::applied(fresh, c, &a.vault);
    } else if (old && exists && leaves_vault(*old, *text, life)) {
        const auto rest = session::without_vault(before);
        text = rest ? session::applied(*rest, c, &a.vault) : rest;
    }
    if (!text) return text.error();
    const auto now = document::parse(*text);
    if (!old || !now) return errc::malformed_value;
    a.user = session::user_of(*now, life);
    if (exists) a.old_user = session::user_of(*old, life);
    // Asked for together: whoever it is has just logged in, perhaps again.
    const bool login = c.regenerate && life.user && c.sets(*life.user) && !a.user.empty();
    const bool changed = login || step == sid_step::replace ||
                         session::judge_sid(*now, life, wall_now()) == sid_step::replace ||
                         (exists && a.old_user != a.user) || (!exists && !a.user.empty());
    if (changed)
        a.how = noting::login;
    else if (!exists && !c.regenerate && *text == before)
        a.how = noting::as_it_is;  // nothing has come into it
    else if (!exists || c.regenerate || step == sid_step::renew || step == sid_step::replace)
        a.how = noting::new_sid;
    if (a.how == noting::as_it_is && *text == before) {
        a.text = std::move(*text);
        return a;
    }
    auto noted = session::noted(*text, life, a.how, wall_now());
    if (!noted) return noted.error();
    a.text = std::move(*noted);
    return a;
}

task<result<written>> write(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                            session_ptr current, session::session_changes c, sid_step step, bool secure);

// What another one has made of the session meanwhile: what is to be changed is changed there, if that is for
// whom it was meant. `user`: who was logged in.
task<result<written>> write_there(worker_state& w, std::shared_ptr<const site> s, session_ptr gone,
                                  std::string user, session::session_changes c, bool secure) {
    const std::string to = gone->value;
    if (to.empty() || gone->state == standing::ended) co_return written{.how = write_end::gone};
    auto there = co_await w.store.load(to);
    if (!there) co_return there.error();
    const document* const d = live_document(*there);
    if (d == nullptr) co_return written{.how = write_end::gone};
    const bool followed = gone->state == standing::moved;
    if (!c.any()) {
        if (!followed) co_return written{.how = write_end::gone};
        written done{.sid = to, .value = (*there)->value, .new_sid = true};
        if (const auto left = (*there)->ttl_at(mono_now())) done.ttl = std::chrono::ceil<seconds>(*left);
        co_return done;
    }
    if (!followed && !user.empty() && session::user_of(*d, s->params.session.life) != user)
        co_return written{.how = write_end::gone};
    if (!followed) c.regenerate = false;  // it has been
    auto done = co_await write(w, s, to, std::move(*there), std::move(c), sid_step::keep, secure);
    // Who brings the old sid is not given the new one: it may have been planted.
    if (done && !followed) done->new_sid = done->login = false;
    co_return done;
}

task<result<written>> write(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                            session_ptr current, session::session_changes c, sid_step step, bool secure) {
    const auto& life = s->params.session.life;
    const std::string key(sid.empty() ? session::make_sid() : sid);  // a new visitor's is nobody else's
    const auto mine = co_await w.writing.acquire(key);
    const mono_time until = mono_now() + longest_wait;
    const bool login = session::logs_in(c, life);
    const std::string user =
        live_document(current) ? session::user_of(*current->parsed(), life) : std::string();
    bool exists = current != nullptr;
    bool claimed = exists || login || sid.empty();  // somebody's login is nobody else's
    bool look = !claimed || (exists && mine.waited());
    const std::string fresh = new_document(*s, secure);
    for (;; look = true) {
        if (look) {
            if (mono_now() > until) co_return errc::store_timeout;
            auto again = co_await w.store.load(sid);
            if (!again) co_return again.error();
            current = std::move(*again);
            const bool live = live_document(current) != nullptr;
            if (!live && login) {
                exists = false;  // nothing of what was there is needed
                current.reset();
            } else if (exists && !live) {
                if (!current || current->state == standing::live) co_return written{.how = write_end::gone};
                co_return co_await write_there(w, s, std::move(current), user, std::move(c), secure);
            } else if (!exists && current) {
                auto there = co_await write_there(w, s, std::move(current), user, c, secure);
                if (!there || there->how != write_end::gone) co_return there;
                claimed = true;  // it was not to be, or has gone: on our own
            }
        }
        const std::string& before = exists ? current->value : fresh;
        auto a = plan(before, exists, c, step, fresh, *s);
        if (!a) co_return written{.how = write_end::refused};
        const auto d = document::parse(a->text);
        if (!d) co_return written{.how = write_end::refused};

        if (a->how == noting::as_it_is) {
            written done{
                .how = write_end::unchanged, .sid = sid, .value = a->text, .vault = std::move(a->vault)};
            if (a->text == before) co_return done;
            const auto set = co_await w.store.compare_and_set(sid, before, a->text);
            if (!set) co_return set.error();
            if (*set != write_outcome::done) continue;
            done.how = write_end::done;
            watch_vault(w, sid, a->user, done.vault.written);
            co_return done;
        }

        written done{.sid = session::make_sid(),
                     .value = a->text,
                     .ttl = life_of(*d, *s),
                     .new_sid = true,
                     .login = a->how == noting::login && !a->user.empty(),
                     .vault = a->vault};
        const auto made = co_await w.store.create(done.sid, a->text, done.ttl);
        if (!made) co_return made.error();
        if (!claimed) {
            const auto first = co_await w.store.claim(sid, done.sid, life.renew_grace);
            if (!first) co_return first.error();
            if (*first != write_outcome::done) {
                destroy_later(w, done.sid);
                continue;
            }
        }
        if (!a->user.empty()) {
            const std::string leaving(exists ? std::string_view(sid) : std::string_view());
            const auto room = co_await enter_list(w, *s, done, a->user, leaving);
            if (!room || *room == write_end::denied) {
                destroy_later(w, done.sid);
                delist_later(w, a->user, done.sid);
                if (!room) co_return room.error();
                if (step == sid_step::replace) {  // the login stands in the store already, under the old sid
                    const auto gone = co_await session::end_wherever(w.store, sid);
                    if (!gone) co_return gone.error();
                }
                w.metrics.count_end(end_reason::limit);
                log_limit(*s, done.sid, "login denied");
                co_return written{.how = write_end::denied};
            }
        }
        if (exists) {
            // After a login the old sid leads nowhere.
            const bool follow = step == sid_step::renew && a->how != noting::login;
            const auto retired = co_await w.store.retire(sid, before, done.sid, follow, life.renew_grace);
            // It may have gone through: then the new one is all there is, else it ends by itself.
            if (!retired) co_return retired.error();
            if (*retired != write_outcome::done) {
                destroy_later(w, done.sid);
                if (!a->user.empty()) delist_later(w, a->user, done.sid);
                continue;
            }
            if (!a->old_user.empty()) delist_later(w, a->old_user, sid);
        }
        watch_vault(w, done.sid, a->user, done.vault.written);
        if (!a->user.empty() && s->params.session.max_per_user.count > 0 &&
            s->params.session.max_per_user.evict)
            if (const auto kept = co_await evict(w, *s, a->user, done.sid); !kept)
                log::info("session write failed",
                          {{"operation", "limit"}, {"side", "store"}, {"error", kept.error().message()}});
        co_return done;
    }
}

}  // namespace

task<result<written>> change_session(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                                     session_ptr current, session::session_changes c, bool secure) {
    return write(w, std::move(s), std::move(sid), std::move(current), std::move(c), sid_step::keep, secure);
}

task<result<written>> renew_session(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                                    session_ptr current, sid_step why) {
    return write(w, std::move(s), std::move(sid), std::move(current), {}, why, false);
}

task<result<void>> end_session(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                               session_ptr current, session::ending how) {
    const auto mine = co_await w.writing.acquire(sid);
    if (!live_document(current)) {  // whose it is stands where it goes on
        const auto gone = co_await w.store.load(sid);
        if (gone && *gone && !(*gone)->value.empty() && !live_document(*gone))
            if (auto there = co_await w.store.load((*gone)->value)) current = std::move(*there);
    }
    const std::string user =
        live_document(current) ? session::user_of(*current->parsed(), s->params.session.life) : "";
    const auto gone = co_await session::end_wherever(w.store, sid);
    if (!gone) co_return gone.error();
    w.metrics.count_end(end_reason::logout);
    if (user.empty()) co_return result<void>();
    if (how != session::ending::all) co_return co_await w.store.delist(user, sid);
    const auto others = co_await session::end_sessions_of(w.store, user, s->params.session.life);
    if (!others) co_return others.error();
    for (std::size_t i = 0; i < *others; ++i) w.metrics.count_end(end_reason::logout);
    co_return result<void>();
}

}  // namespace vestibule::server

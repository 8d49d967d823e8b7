#include "server/background.hpp"

#include "server/user_limit.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/event_loop.hpp>

#include <algorithm>

namespace vestibule::server {
namespace {

using session::document;
using session::live_document;
using session::noting;
using session::session_ptr;
using session::write_outcome;

constexpr int max_races = 5;
// Express saves at the end of its answer, whose head has come. Each look after twice the pause: 1.3 s in all.
constexpr int looks_for_saved = 8;
constexpr milliseconds first_look_for_saved{5};
constexpr milliseconds before_burial{100};
constexpr milliseconds vault_look_interval{100};

// Failures are not repeated here: the next request of the session finds the same thing to do.
void log_failure(const char* what, error_code ec) {
    log::info("session write failed", {{"operation", what}, {"side", "store"}, {"error", ec.message()}});
}

struct background_units {
    explicit background_units(worker_state& w) : w_(w) { ++w_.background; }
    ~background_units() { --w_.background; }
    background_units(const background_units&) = delete;
    background_units& operator=(const background_units&) = delete;

  private:
    worker_state& w_;
};

task<void> list(worker_state& w, std::string sid, std::optional<seconds> ttl, std::string user) {
    const background_units unit(w);
    const auto listed = co_await w.store.enlist(user, sid, ttl);
    if (!listed) co_return log_failure("enlist", listed.error());
    w.lists.entered(sid, ttl, mono_now());
}

task<void> touch(worker_state& w, std::string sid, seconds ttl, std::string user) {
    const background_units unit(w);
    const auto r = co_await w.store.touch(sid, ttl);
    if (!r) co_return log_failure("touch", r.error());
    if (*r != write_outcome::done) co_return;
    w.metrics.sessions_renewed.add();
    if (user.empty()) co_return;
    co_await list(w, std::move(sid), ttl, std::move(user));
}

task<void> destroy(worker_state& w, std::string sid) {
    const background_units unit(w);
    const auto r = co_await w.store.destroy(sid);
    if (!r) log_failure("destroy", r.error());
}

task<void> delist(worker_state& w, std::string user, std::string sid) {
    const background_units unit(w);
    const auto r = co_await w.store.delist(user, sid);
    if (!r) log_failure("delist", r.error());
}

// Writes what is to be noted into `sid`. The session as it is then; null: it has ended, or that failed.
task<session_ptr> write_notes(worker_state& w, const site& s, std::string sid, session_ptr current) {
    for (int race = 0; live_document(current) && race < max_races; ++race) {
        const auto text = session::noted(current->value, s.params.session.life, noting::as_it_is, wall_now());
        if (!text || *text == current->value) co_return current;
        const auto written = co_await w.store.compare_and_set(sid, current->value, *text);
        if (!written) {
            log_failure("note", written.error());
            co_return nullptr;
        }
        if (*written == write_outcome::done) co_return current;
        auto again = co_await w.store.load(sid);
        if (!again) {
            log_failure("note", again.error());
            co_return nullptr;
        }
        current = std::move(*again);
    }
    co_return nullptr;
}

task<void> note(worker_state& w, std::shared_ptr<const site> s, std::string sid, session_ptr current) {
    const background_units unit(w);
    const auto now = co_await write_notes(w, *s, sid, std::move(current));
    if (!now) co_return;
    const std::string user = session::user_of(*now->parsed(), s->params.session.life);
    if (user.empty()) co_return;
    std::optional<seconds> left;
    if (now->ttl) left = std::chrono::ceil<seconds>(*now->ttl_at(mono_now()));
    const auto count = co_await w.store.enlist(user, sid, left);
    if (!count) co_return log_failure("enlist", count.error());
    w.lists.entered(sid, left, mono_now());
    const auto kept = co_await keep_to_limit(w, s, user, sid, *count);
    if (!kept) log_failure("limit", kept.error());
}

// What goes from a session, if there was one, to that which the backend has stored instead of it.
session::session_changes carried(const session_ptr& old, const document& to,
                                 const session::lifecycle_params& life) {
    session::session_changes c;
    c.at = wall_now();
    if (!old) return c;
    const document& from = *old->parsed();
    const std::string user = session::user_of(to, life);
    const auto since = from.own().since;
    const bool same = !user.empty() && session::user_of(from, life) == user;
    if (life.absolute_timeout && since && same && !(to.own().since && *to.own().since <= *since))
        c.set.push_back({session::json_pointer::of({"vestibule", "since"}),
                         std::to_string(since->time_since_epoch().count())});
    const std::string owner = session::owner_of(from, life);
    if (!owner.empty() && owner != user) return c;
    const auto there = session::read_vault(to);
    for (session::vault_cookie& each : session::read_vault(from)) {
        const bool newer = std::any_of(there.begin(), there.end(), [&](const session::vault_cookie& t) {
            return t.name == each.name && t.path == each.path;
        });
        if (!newer && session::goes_with(each, each.path, c.at)) c.vault.push_back({std::move(each)});
    }
    return c;
}

task<void> carry_over(worker_state& w, std::shared_ptr<const site> s, session_ptr old, std::string to,
                      std::vector<session::vault_change> set) {
    const background_units unit(w);
    net::timer pause(w.io);
    milliseconds next = first_look_for_saved;
    for (int look = 0; look < looks_for_saved; ++look, next *= 2) {
        pause.expires_after(next);
        co_await net::wait(pause);
        const auto loaded = co_await w.store.load(to);
        if (!loaded) co_return log_failure("carry over", loaded.error());
        if (!live_document(*loaded)) continue;
        session::session_changes c = carried(old, *(*loaded)->parsed(), s->params.session.life);
        auto text = session::applied((*loaded)->value, c);
        session::session_changes fresh;
        fresh.vault = set;
        fresh.at = c.at;
        session::vault_report came_of;
        if (text) text = session::applied(*text, fresh, &came_of);
        if (!text) break;
        if (*text != (*loaded)->value) {
            const auto written = co_await w.store.compare_and_set(to, (*loaded)->value, *text);
            if (!written) co_return log_failure("carry over", written.error());
            if (*written != write_outcome::done) continue;
        }
        const auto stored = document::parse(*text);
        const std::string owner = stored ? session::user_of(*stored, s->params.session.life) : std::string();
        watch_vault(w, to, owner, std::move(came_of.written));
        co_return w.metrics.count_vault(came_of);
    }
    w.metrics.count_vault(vault_outcome::dropped, set.size());
}

task<void> restore(worker_state& w, std::string sid) {
    const background_units unit(w);
    session_ptr s = w.store.find(sid);
    if (!s) {
        auto loaded = co_await w.store.load(sid);
        if (!loaded) co_return log_failure("restore", loaded.error());
        s = std::move(*loaded);
    }
    if (!live_document(s)) co_return w.vaults.forget(sid);
    const std::string owner = session::user_of(*s->parsed(), w.current->params.session.life);
    const auto text = session::restored(s->value, w.vaults.of(sid, owner), wall_now());
    if (!text || *text == s->value) co_return;
    const auto written = co_await w.store.compare_and_set(sid, s->value, *text);
    if (!written) co_return log_failure("restore", written.error());
    if (*written == write_outcome::done) w.metrics.vaults_restored.add();
    if (*written != write_outcome::absent) w.vaults.look_again(sid, mono_now());
}

task<void> bury(worker_state& w, std::string sid) {
    const background_units unit(w);
    net::timer pause(w.io);
    pause.expires_after(before_burial);
    co_await net::wait(pause);
    const auto loaded = co_await w.store.load(sid);
    if (!loaded) co_return log_failure("destroy", loaded.error());
    if (*loaded) co_return;
    const auto r = co_await w.store.destroy(sid);
    if (!r) log_failure("destroy", r.error());
}

void run(task<void> t) {
    detach(std::move(t), [](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& x) {
            log::error("background store write failed", {{"error", x.what()}});
        }
    });
}

}  // namespace

void touch_later(worker_state& w, std::string sid, seconds ttl, std::string user) {
    run(touch(w, std::move(sid), ttl, std::move(user)));
}

void list_later(worker_state& w, std::string sid, std::optional<milliseconds> ttl, std::string user) {
    std::optional<seconds> left;
    if (ttl) left = std::chrono::ceil<seconds>(*ttl);
    run(list(w, std::move(sid), left, std::move(user)));
}

void note_later(worker_state& w, std::shared_ptr<const site> s, std::string sid, session_ptr current) {
    run(note(w, std::move(s), std::move(sid), std::move(current)));
}

void carry_over_later(worker_state& w, std::shared_ptr<const site> s, session_ptr old, std::string to,
                      std::vector<session::vault_change> set) {
    run(carry_over(w, std::move(s), std::move(old), std::move(to), std::move(set)));
}

void bury_later(worker_state& w, std::string sid) {
    run(bury(w, std::move(sid)));
}

void watch_vault(worker_state& w, std::string_view sid, std::string_view owner,
                 std::vector<session::vault_cookie> written) {
    if (written.empty()) return;
    w.vaults.remember(sid, owner, std::move(written), mono_now());
    if (!w.vault_looks.armed()) w.vault_looks.set(vault_look_interval);
}

void look_after_vaults(worker_state& w) {
    for (std::string& sid : w.vaults.due(mono_now())) run(restore(w, std::move(sid)));
    if (!w.vaults.empty()) w.vault_looks.set(vault_look_interval);
}

void delist_later(worker_state& w, std::string user, std::string sid) {
    run(delist(w, std::move(user), std::move(sid)));
}

void destroy_later(worker_state& w, std::string sid) {
    run(destroy(w, std::move(sid)));
}

}  // namespace vestibule::server

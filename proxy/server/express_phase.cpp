// What a backend that speaks express (session.cookie.forward) has done to the session behind our back, and
// whose cookie the client is to have after it.
#include "server/background.hpp"
#include "server/exchange.hpp"
#include "server/session_writer.hpp"

#include <vestibule/net/event_loop.hpp>
#include <vestibule/policy/csrf.hpp>

namespace vestibule::server {

using session::live_document;

namespace {

// A backend that answers within this time leaves none for another answer to come first.
constexpr milliseconds quick{50};

}  // namespace

// What a backend that speaks express has done to the session in this very exchange, so that its login and its
// logout count like ours, at once. Express saves before the last byte of its answer: a short one is held
// until it is whole. False: the answer does not go on.
task<bool> exchange::look_again(body_reader& body, http::body_framing framing) {
    const auto other = sid_of_backend();
    const bool asked_to = !policy::is_safe(method_) || response_.status / 100 == 3 || other;
    if (!asked_to && !w_.store.remembers()) co_return true;
    const bool is_short = framing.kind == http::body_kind::length && framing.length <= body_copy::limit;
    if (is_short && framing.length > 0 && !(capture_ && capture_->held)) {
        if (!capture_) capture_ = std::make_unique<capture_memory>();
        const bool held = co_await hold_body(body, false);
        if (!held) co_return false;
    }
    if (!asked_to) {
        co_await net::others_first(w_.io);  // what the store told before the backend answered is heard
        if (w_.store.peek(sid_) == session_) co_return true;
    }
    auto now = co_await w_.store.load(sid_);
    if (!now) co_return true;  // what is not known is no end
    if (!*now) {
        if (other && !other->empty())
            co_await w_.store.claim(sid_, *other, site_->params.session.life.renew_grace);
        else
            co_await w_.store.destroy(sid_);
        note_end_by_backend();
        co_return true;
    }
    const session::document* const d = live_document(*now);
    const auto& life = site_->params.session.life;
    if (d == nullptr || !life.user || session::user_of(*d, life) == notes().user) co_return true;
    // Another exchange has done it, then, that of who has logged in: the new sid is for that one.
    if (!asked_to) co_return true;
    const auto r = co_await renew_session(w_, site_, sid_, *now, session::sid_step::replace);
    if (r && r->how == write_end::denied) {
        drop_session();
        answer(too_many_sessions);
        co_return false;
    }
    if (r && r->new_sid) {
        const std::string before(handle_);
        w_.metrics.sids_renewed.add();
        go_on_as(*r);
        log_session(r->login ? "session login" : "session id renewed", "backend", before);
    } else if (!r || r->how != write_end::unchanged) {
        note_end_by_backend();
    }
    co_return true;
}

// The session is no more.
void exchange::note_end_by_backend() {
    log_session("session ended", "backend");
    if (const std::string& user = notes().user; !user.empty()) delist_later(w_, user, sid_);
    handle_ = texts_.handle = handle_;
    injected_ = {};
    set_cookie_.clear();
    carried_from_ = std::move(session_);
    session_.reset();
    ended_lately_ = true;
}

// A cookie that was made before the backend took its time: another answer may have brought another one
// meanwhile, which the old sid must not take the place of.
task<void> exchange::check_cookie() {
    if (renewed_ || std::chrono::steady_clock::now() - started_ < quick || w_.store.peek(sid_)) co_return;
    const auto now = co_await w_.store.load(sid_);
    if (!now || !live_document(*now)) set_cookie_.clear();
}

// The backend speaks express and sets our cookie itself: what that says of the session it had.
void exchange::follow_backend_cookie() {
    const session::session_ptr& from = session_ ? session_ : carried_from_;
    if (!from && carried_.empty()) return;
    auto sid = sid_of_backend();
    if (!sid || (from && *sid == sid_)) return;
    if (session_) bury_later(w_, sid_);
    if (sid->empty()) return;
    if (site_->vault.on() || site_->params.session.life.absolute_timeout)
        carry_over_later(w_, site_, from, *std::move(sid), std::move(carried_));
}

}  // namespace vestibule::server

// What the backend's answer says of the session, before the answer goes on; and a new sid where one is due.
#include "server/background.hpp"
#include "server/capture.hpp"
#include "server/exchange.hpp"
#include "server/session_writer.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/event_loop.hpp>

namespace vestibule::server {

using session::live_document;
using session::session_changes;
using session::standing;
using session::stored_session;

namespace {

constexpr milliseconds before_following{200};

// The head with all its texts in `memory`: what it was read from is about to take the body.
void move_to(http::response_head& head, std::string& memory) {
    std::size_t size = head.reason.size();
    for (const http::field& f : head.fields) size += f.name.size() + f.value.size();
    memory.clear();
    memory.reserve(size);
    const auto kept = [&](std::string_view text) {
        memory += text;
        return std::string_view(memory).substr(memory.size() - text.size());
    };
    head.reason = kept(head.reason);
    http::field_list fields;
    for (const http::field& f : head.fields) fields.push({f.id, kept(f.name), kept(f.value)});
    head.fields = std::move(fields);
}

change_outcome outcome_of(write_end how) noexcept {
    switch (how) {
        case write_end::done: return change_outcome::done;
        case write_end::unchanged: return change_outcome::unchanged;
        case write_end::gone: return change_outcome::gone;
        case write_end::denied: return change_outcome::denied;
        case write_end::refused: break;
    }
    return change_outcome::refused;
}

}  // namespace

// What the rules will need of the request, which is gone when it is answered.
void exchange::prepare_capture(std::span<const session::vault_cookie> kept) {
    if (!site_->has_effects || site_->routes.at(route_).session == policy::session_mode::off) return;
    const capture_needs needs = needs_of(site_->params.capture, request_facts());
    if (!needs.form && !needs.json) return;
    capture_ = std::make_unique<capture_memory>();
    capture_->plain_answer = needs.json;
    capture_->copy_request = needs.form;
    if (!needs.form) return;
    capture_->form =
        form_of(head_.fields, target_.query.substr(std::min<std::size_t>(target_.query.size(), 1)));
    append_cookies(capture_->form.cookies, *site_, head_.fields, {kept, target_.path, wall_now()});
}

// False: the answer does not go on; answer_ is another one.
task<bool> exchange::settle_effects(body_reader& body) {
    session_changes c;
    take_vaulted(c);
    if (site_->routes.at(route_).session == policy::session_mode::off) co_return true;
    const auto& rules = site_->params.capture;
    body_verdict verdict;
    if (capture_ && capture_->plain_answer) verdict = judge_body(rules, request_facts(), response_);
    const bool held = capture_ && capture_->held;
    if (verdict.hold && !held && !co_await hold_body(body, true)) co_return false;
    const bool form = capture_ && capture_->copy_request;
    const auto missed = append_captured(c, rules,
                                        {.request = request_facts(),
                                         .form = form ? &capture_->form : nullptr,
                                         .request_body = form ? &capture_->request_body : nullptr,
                                         .answer = response_,
                                         .answer_body = verdict.hold ? &capture_->answer_body : nullptr,
                                         .now = wall_now()});
    if (verdict.why) tell_missed(*verdict.why);
    for (const not_captured& each : missed) tell_missed(each);
    take_control(c);
    co_return co_await settle(std::move(c));
}

// What a rule asks for and does not get.
void exchange::tell_missed(const not_captured& m) {
    const bool form = m.where == not_captured::from::form;
    w_.metrics.count_change(change_outcome::refused);
    log::warn(form ? "form not captured" : "answer not captured", {{"side", form ? "downstream" : "upstream"},
                                                                   {"reason", m.why},
                                                                   {"route", site_->routes.name(route_)},
                                                                   {"request_id", request_id_}});
}

// What the backend's own headers say.
void exchange::take_control(session_changes& c) {
    if (!site_->params.control.enabled) return;
    if (const auto wrong = append_control(c, site_->params.control, response_.fields)) {
        w_.metrics.count_change(change_outcome::refused);
        log::warn("backend's change of the session refused", {{"side", "upstream"},
                                                              {"reason", *wrong},
                                                              {"route", site_->routes.name(route_)},
                                                              {"handle", handle_},
                                                              {"request_id", request_id_}});
    }
}

// False: the answer does not go on.
task<bool> exchange::settle(session_changes c) {
    leave_vaulted_to_backend(c);
    if (!c.any()) co_return true;
    if (outcome_ == session_outcome::unavailable) {  // the visitor may have a session that we do not see
        w_.metrics.count_change(change_outcome::failed);
        fail(errc::store_unavailable);
        co_return false;
    }
    if (c.end != session::ending::none) {
        // They may be those of who has just been logged out.
        w_.metrics.count_vault(vault_outcome::dropped, c.vault.size());
        co_return co_await apply_ending(c.end);
    }
    co_return co_await apply_changes(std::move(c));
}

// Reads the answer's body until it is there as a whole, too long to look at, or of another kind than is
// wanted.
task<bool> exchange::hold_body(body_reader& body, bool json) {
    move_to(response_, capture_->answer_head);
    body.copy_to(&capture_->answer_body);
    capture_->held = true;
    const body_copy& copy = capture_->answer_body;
    std::size_t look_at = 1;  // each at twice as much: all of them together read it twice
    result<std::string_view> piece = body.buffered();
    for (;;) {
        if (!piece) {
            fail(why_no_answer(piece.error()));
            co_return false;
        }
        capture_->answer_pieces += *piece;
        if (body.at_end() || !copy.whole) break;
        if (json && copy.text.size() >= look_at) {
            if (!may_become_json(copy.text)) break;
            look_at = 2 * copy.text.size();
        }
        piece = co_await body.next();
    }
    body.copy_to(nullptr);
    co_return true;
}

task<bool> exchange::apply_ending(session::ending how) {
    if (session_ || !replaced_.empty()) {
        // Who logs out while another answer brings a new sid is logged out of that.
        const std::string sid(session_ ? sid_ : replaced_);
        const auto ended = co_await end_session(w_, site_, sid, session_, how);
        if (!ended) {
            w_.metrics.count_change(change_outcome::failed);
            fail(ended.error());
            co_return false;
        }
        w_.metrics.count_change(change_outcome::done);
        log_session("session ended", how == session::ending::all ? "logout everywhere" : "logout");
        handle_ = texts_.handle = handle_;  // the log still wants what the session's notes hold
        injected_ = {};
        session_.reset();
    }
    if (saw_cookie_) set_cookie({}, unix_time{});
    if (!saw_cookie_) set_cookie_.clear();  // what was issued a moment ago is not worth a cookie
    co_return true;
}

task<bool> exchange::apply_changes(session_changes c) {
    if (!session_ && !c.puts()) co_return true;  // nothing to give a new sid to
    if (!session_ && ended_lately_ && !session::logs_in(c, site_->params.session.life)) {
        // The cookie of another one's answer is on its way, and is not to be overtaken.
        w_.metrics.count_change(change_outcome::gone);
        w_.metrics.count_vault(vault_outcome::dropped, c.vault.size());
        co_return true;
    }
    if (!session_ && site_->flood && !may_store(c)) co_return true;
    const bool secure = secure_for(site_->params.session.cookie.secure, facts_.https);
    // Of a sid that was made for this very answer nobody knows yet.
    const std::string known_sid(outcome_ == session_outcome::fresh ? std::string_view()
                                                                   : std::string_view(sid_));
    session_changes vault;  // alone: a rule that does not fit the session is no reason to lose it
    vault.vault = c.vault;
    vault.at = c.at;
    auto r = co_await change_session(w_, site_, known_sid, session_, std::move(c), secure);
    if (r && r->how == write_end::refused) {
        w_.metrics.count_change(change_outcome::refused);
        log::warn("change does not fit the session", {{"side", "upstream"},
                                                      {"route", site_->routes.name(route_)},
                                                      {"handle", handle_},
                                                      {"request_id", request_id_}});
        if (!vault.any()) co_return true;
        r = co_await change_session(w_, site_, known_sid, session_, vault, secure);
    }
    const bool kept = r && (r->how == write_end::done || r->how == write_end::unchanged);
    if (kept) count_vaulted(r->vault);
    if (!kept) w_.metrics.count_vault(vault_outcome::dropped, vault.vault.size());
    if (!r) {
        w_.metrics.count_change(change_outcome::failed);
        fail(r.error());
        co_return false;
    }
    w_.metrics.count_change(outcome_of(r->how));
    if (r->how == write_end::denied) {
        set_cookie_.clear();  // what there was goes on
        answer(too_many_sessions);
        co_return false;
    }
    if (!session_ && r->new_sid) w_.metrics.sessions_stored.add();
    if (r->new_sid) {
        const std::string before(session_ ? handle_ : std::string_view());
        const bool stored = !session_;
        go_on_as(*r);
        if (r->login)
            log_session("session login", "backend's answer", before);
        else if (stored)
            log_session("session stored", "backend's answer");
        else
            log_session("session id renewed", "backend's answer", before);
    }
    co_return true;
}

// Its age or another user calls for a new sid, before the backend sees the session.
task<void> exchange::renew_sid() {
    const session::sid_step why = renewal_;
    if (why == session::sid_step::replace && site_->params.session.cookie.forward) {
        // The answer to the login itself brings the new sid, to who has logged in: it goes first.
        net::timer pause(w_.io);
        pause.expires_after(before_following);
        co_await net::wait(pause);
        auto now = co_await w_.store.load(sid_);
        if (now && *now) session_ = std::move(*now);
        if (now && !live_document(session_)) co_return drop_session();
    }
    const auto r = co_await renew_session(w_, site_, sid_, session_, why);
    if (!r) {
        // An old sid may live on for a while, that of somebody else may not.
        if (why == session::sid_step::replace) failure_ = r.error();
        co_return;
    }
    if (r->new_sid) {
        w_.metrics.sids_renewed.add();
        const std::string before(handle_);
        go_on_as(*r);
        other_sid_ = true;
        renewed_ = !site_->params.session.cookie.forward;
        log_session(r->login ? "session login" : "session id renewed",
                    why == session::sid_step::renew ? "renew_id" : "user changed in the store", before);
        co_return;
    }
    if (r->how != write_end::unchanged) drop_session();
}

// Of a request whose session has got another sid, or ended, a moment ago.
void exchange::drop_session() {
    session_.reset();
    sid_.clear();
    set_cookie_.clear();
    handle_ = injected_ = {};
    outcome_ = session_outcome::none;
    ended_lately_ = true;
}

// From now on the exchange's session is this one.
void exchange::go_on_as(const written& r) {
    std::optional<milliseconds> ttl;
    if (r.ttl) ttl = *r.ttl;
    session_ = session::session_ptr(new stored_session(r.value, ttl, mono_now()));
    sid_ = r.sid;
    outcome_ = session_outcome::active;
    const session::session_notes& known = notes();
    handle_ = known.handle;
    injected_ = known.injected;
    renewed_ = true;
    const bool expires =
        site_->params.session.cookie.max_age && session_->parsed()->cookie().original_max_age && ttl;
    set_cookie(site_->signer.sign(sid_), expires ? std::optional(wall_now() + *ttl) : std::nullopt);
}

}  // namespace vestibule::server

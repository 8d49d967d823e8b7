// session_at_hand, load_session, settle_session: from the Cookie header to the headers that the backend
// gets.
#include "server/background.hpp"
#include "server/exchange.hpp"

#include <vestibule/base/crypto.hpp>
#include <vestibule/base/logger.hpp>
#include <vestibule/http/cookies.hpp>

#include <algorithm>

namespace vestibule::server {

using policy::session_mode;
using session::session_ptr;

namespace {

constexpr std::size_t max_candidates = 8;  // validly signed cookies tried
constexpr std::size_t max_looked_at = 64;  // cookies of our name whose signature is checked
constexpr auto retry_after = seconds(1);   // of a background write for the same loaded session

}  // namespace

bool secure_for(secure_mode mode, bool https) noexcept {
    return mode == secure_mode::on || (mode == secure_mode::automatic && https);
}

// Whether what the cookies lead to is known without asking the store. A live stored session wins over an
// anonymous one, an earlier cookie over a later one.
bool exchange::session_at_hand() {
    if (site_->routes.at(route_).session == session_mode::off) return true;
    collect_candidates();
    for (const candidate& c : candidates_) {
        if (&c == anonymous_) continue;
        if (!c.at_hand) return false;
        judge(c, c.at_hand);
        return session_ != nullptr;
    }
    return true;
}

// What session_at_hand() could not tell. A store error counts only where no live stored session is found.
task<void> exchange::load_session() {
    for (candidate& c : candidates_) {
        if (&c == anonymous_) continue;
        auto loaded = co_await w_.store.load(c.sid());
        if (loaded && *loaded && (*loaded)->state == session::standing::moved) {
            c.cookie.sid = session::sid_text((*loaded)->value);
            c.moved = true;
            loaded = co_await w_.store.load(c.sid());
        }
        if (!loaded)
            failure_ = loaded.error();
        else
            judge(c, std::move(*loaded));
        if (session_) {
            failure_ = {};
            co_return;
        }
    }
}

// False: the store could not answer, or the address has brought too many bad cookies, and the request is
// answered so.
bool exchange::settle_session() {
    const session_mode mode = site_->routes.at(route_).session;
    if (mode == session_mode::off) {
        outcome_ = session_outcome::off;
        return true;
    }
    if (!failure_ && !session_ && anonymous_ != nullptr) adopt_anonymous(*anonymous_);

    const bool needs_store = mode == session_mode::required || mode == session_mode::issue;
    if (!failure_ && !session_ && needs_store && !w_.store.reachable()) failure_ = errc::store_unavailable;
    if (failure_) {
        // Nobody is logged out, nothing is issued, no cookie is touched.
        outcome_ = session_outcome::unavailable;
        set_cookie_.clear();
        handle_ = {};
        if (!policy::goes_on_without_store(site_->routes.at(route_), site_->params.session.on_failure)) {
            fail(failure_);
            return false;
        }
        failure_ = {};
        w_.metrics.count_failure(side::store);
    } else if (sid_.empty()) {
        if (site_->flood && !admit_without_session()) return false;
        const bool wanted =
            mode == session_mode::issue && !ended_lately_ && !(dead_cookie_ && is_subresource());
        if (wanted && (!site_->flood || may_issue())) issue_anonymous();
    }
    if (!session_) {
        append_injection(texts_.injected);
        injected_ = texts_.injected;
    }
    return true;
}

// Express destroys a session while a login is on its way, and the cookie of the new one comes with its
// answer: what a page fetches meanwhile must not bring another one. A navigation waits for its own answer.
bool exchange::is_subresource() const {
    const std::string_view mode = head_.fields.find_named("Sec-Fetch-Mode");
    return !mode.empty() && mode != "navigate";
}

// Every validly signed cookie of our name, in order; the same sid once. Of those of anonymous sessions the
// first that is alive, the others are gone.
void exchange::collect_candidates() {
    std::size_t looked_at = 0;
    for (const http::field& f : head_.fields) {
        if (f.id != http::field_id::cookie) continue;
        std::string_view rest = f.value;
        while (const auto pair = http::next_cookie(rest)) {
            if (pair->name != site_->params.session.cookie.name) continue;
            saw_cookie_ = true;
            if (++looked_at > max_looked_at || candidates_.size() == max_candidates) return;
            const auto value = session::read_signed_value(pair->value);
            if (!value) {
                count_failed_cookie(value.error() == errc::bad_signature ? cookie_outcome::bad_signature
                                                                         : cookie_outcome::malformed,
                                    pair->value);
                continue;
            }
            if (std::ranges::find(candidates_, std::string_view(value->sid), &candidate::sid) !=
                candidates_.end())
                continue;
            if (candidates_.capacity() == 0) candidates_.reserve(max_candidates);
            candidate c{*value, 0, {}};
            if (!verify(c))
                count_failed_cookie(cookie_outcome::bad_signature, pair->value);
            else if (const auto issued = session::anonymous_issue_time(c.sid()); !issued)
                candidates_.push_back(std::move(c));
            else if (!session::anonymous_alive(*issued, site_->params.session.life, wall_now()))
                w_.metrics.count_cookie(cookie_outcome::expired);
            else if (anonymous_ == nullptr)
                anonymous_ = &candidates_.emplace_back(std::move(c));
        }
    }
    if (!saw_cookie_) w_.metrics.count_cookie(cookie_outcome::absent);
}

// Whether a configured secret signed it. The signature of a session that is in use was computed before, and
// is kept with it in memory; it is compared in constant time like any other.
bool exchange::verify(candidate& c) {
    c.at_hand = w_.store.find(c.sid());
    if (c.at_hand) {
        const session::session_notes& n = c.at_hand->notes();
        const auto text = [](const session::signature_text& t) {
            return std::string_view(t.data(), t.size());
        };
        if (n.site == site_->number && n.is_verified &&
            constant_time_equal(text(c.cookie.signature), text(n.signature))) {
            c.secret = n.secret;
            return true;
        }
    }
    c.secret = site_->signer.signed_by(c.cookie);
    return c.secret < site_->signer.size();
}

// Adopts what was loaded, if it is a live session.
void exchange::judge(const candidate& c, session_ptr loaded) {
    if (!loaded) {
        dead_cookie_ = true;
        count_failed_cookie(cookie_outcome::unknown, c.sid());
        return;
    }
    if (loaded->state != session::standing::live) {
        // A new cookie could overtake the one that has just been given to this visitor.
        if (loaded->state != session::standing::ended) ended_lately_ = true;
        if (loaded->state == session::standing::replaced) replaced_ = c.sid();
        w_.metrics.count_cookie(cookie_outcome::ended);
        return;
    }
    const session::document* const document = loaded->parsed();
    if (document == nullptr) {
        // Never deleted and never shown: it may be another application's.
        w_.metrics.malformed_values.add();
        w_.metrics.count_cookie(cookie_outcome::unknown);
        log::warn(
            "stored value is not a session",
            {{"side", "session"}, {"handle", site_->make_handle(c.sid())}, {"bytes", loaded->value.size()}});
        return;
    }
    const session::life life = judge_life(*loaded, *document, *site_);
    if (life.state == session::verdict::live)
        adopt(c, std::move(loaded), life);
    else
        end_timed_out(c, life.state);
}

void exchange::adopt(const candidate& c, session_ptr s, const session::life& life) {
    const cookie_params& cookie = site_->params.session.cookie;
    session_ = std::move(s);
    outcome_ = session_outcome::active;
    set_cookie_.clear();  // what another candidate left
    sid_ = c.sid();
    session::session_notes& known = notes();
    if (!known.is_verified && !c.moved) {
        known.signature = c.cookie.signature;
        known.secret = c.secret;
        known.is_verified = true;
    }
    handle_ = known.handle;
    injected_ = known.injected;
    other_sid_ = c.moved;
    w_.metrics.count_cookie(cookie_outcome::valid);
    w_.metrics.count_secret(c.secret);

    if ((life.record_since || known.to_note) && known.note_again <= mono_now()) {
        known.note_again = mono_now() + retry_after;
        note_later(w_, site_, sid_, session_);
    }
    if (known.list_again <= mono_now() && !life.touch && !known.to_note) {
        known.list_again = mono_now() + retry_after;
        list_later(w_, sid_, session_->ttl_at(mono_now()), known.user);
    }
    if (life.touch && known.touch_again <= mono_now()) {
        known.touch_again = mono_now() + retry_after;
        touch_later(w_, sid_, *life.touch, known.user);
    }
    if (known.to_replace)
        renewal_ = session::sid_step::replace;
    else if (known.renew_at != mono_time::max() && known.renew_at <= mono_now())
        renewal_ = session::sid_step::renew;
    // The cookie runs out with the store, where it runs out at all; one signed by an older secret is
    // signed again. A session without a life of its own (maxAge: null) keeps its browser-session cookie.
    const bool express_browser_session = !session_->parsed()->cookie().original_max_age.has_value();
    const bool expires = cookie.max_age.has_value() && !express_browser_session;
    if ((life.touch && expires) || c.secret != 0 || c.moved) {
        std::optional<unix_time> end;
        if (expires && life.touch) end = wall_now() + *life.touch;
        if (expires && !life.touch && session_->ttl) end = wall_now() + *session_->ttl_at(mono_now());
        set_cookie(site_->signer.sign(sid_), end);
    }
}

void exchange::adopt_anonymous(const candidate& c) {
    outcome_ = session_outcome::active;
    set_cookie_.clear();
    sid_ = c.sid();
    handle_ = texts_.handle = site_->make_handle(sid_);
    w_.metrics.count_cookie(cookie_outcome::valid);
    w_.metrics.count_secret(c.secret);
    if (c.secret == 0) return;
    std::optional<unix_time> end;
    if (site_->params.session.cookie.max_age)
        end = *session::anonymous_issue_time(sid_) + site_->params.session.life.anonymous_lifetime;
    set_cookie(site_->signer.sign(sid_), end);
}

void exchange::issue_anonymous() {
    const unix_time now = wall_now();
    outcome_ = session_outcome::fresh;
    sid_ = session::make_anonymous_sid(now);
    handle_ = texts_.handle = site_->make_handle(sid_);
    w_.metrics.sessions_created.add();
    std::optional<unix_time> end;
    if (const auto& max_age = site_->params.session.cookie.max_age)
        end = now + std::min(*max_age, site_->params.session.life.anonymous_lifetime);
    set_cookie(site_->signer.sign(sid_), end);
}

void exchange::end_timed_out(const candidate& c, session::verdict why) {
    w_.metrics.count_cookie(cookie_outcome::expired);
    w_.metrics.count_end(why == session::verdict::expired_absolute ? end_reason::absolute : end_reason::idle);
    if (log::sessions_enabled()) {
        const auto handle = site_->make_handle(c.sid());
        log::info("session ended",
                  {{"handle", handle},
                   {"reason", why == session::verdict::expired_absolute ? "absolute_timeout" : "idle_limit"},
                   {"client", client_text()},
                   {"request_id", request_id_}});
    }
    destroy_later(w_, std::string(c.sid()));
    set_cookie({}, unix_time{});  // expired at the client too, unless a new one follows
}

void exchange::set_cookie(std::string_view value, std::optional<unix_time> expires) {
    const cookie_params& c = site_->params.session.cookie;
    set_cookie_ = "Set-Cookie: ";
    http::append_set_cookie(set_cookie_, {.name = c.name,
                                          .value = value,
                                          .domain = c.domain,
                                          .path = c.path,
                                          .expires = expires,
                                          .http_only = c.http_only,
                                          .secure = secure_for(c.secure, facts_.https),
                                          .partitioned = c.partitioned,
                                          .same_site = c.same_site});
    set_cookie_ += "\r\n";
}

}  // namespace vestibule::server

// load_session: from the Cookie header to the headers that the backend gets.
#include "server/background.hpp"
#include "server/exchange.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/http/cookies.hpp>

#include <algorithm>

namespace vestibule::server {

using policy::session_mode;

namespace {

constexpr std::size_t max_candidates = 8;       // validly signed cookies tried
constexpr std::size_t max_injected = 8 * 1024;  // of one header's value
constexpr std::size_t max_looked_at = 64;       // cookies of our name whose signature is checked

bool secure_for(secure_mode mode, bool https) {
    return mode == secure_mode::on || (mode == secure_mode::automatic && https);
}

}  // namespace

task<bool> exchange::load_session() {
    const session_mode mode = site_->routes.at(route_).session;
    if (mode == session_mode::off) {
        outcome_ = session_outcome::off;
        co_return true;
    }
    collect_candidates();
    co_await find_live_session();

    const bool needs_store = mode == session_mode::required || mode == session_mode::issue;
    if (!failure_ && !document_ && needs_store && !w_.store.reachable()) failure_ = errc::store_unavailable;
    if (failure_) {
        // The store could not answer: nobody is logged out, nothing is issued, no cookie is touched.
        outcome_ = session_outcome::unavailable;
        set_cookie_.clear();
        handle_.clear();
        const bool forward =
            site_->params.session.on_failure == failure_policy::anonymous && mode != session_mode::required;
        if (!forward) {
            fail(failure_);
            co_return false;
        }
        failure_ = {};
        w_.metrics.count_failure(side::store);
    } else if (sid_.empty() && mode == session_mode::issue) {
        issue_anonymous();
    }
    build_injection();
    co_return true;
}

// Every validly signed cookie of our name, in order; the same sid once.
void exchange::collect_candidates() {
    std::size_t looked_at = 0;
    for (const http::field& f : head_.fields) {
        if (f.id != http::field_id::cookie) continue;
        std::string_view rest = f.value;
        while (const auto pair = http::next_cookie(rest)) {
            if (pair->name != site_->params.session.cookie.name) continue;
            saw_cookie_ = true;
            if (++looked_at > max_looked_at || candidates_.size() == max_candidates) return;
            auto verified = site_->signer.verify(pair->value);
            if (!verified) {
                w_.metrics.count_cookie(verified.error() == errc::bad_signature
                                            ? cookie_outcome::bad_signature
                                            : cookie_outcome::malformed);
                continue;
            }
            if (std::ranges::find(candidates_, verified->sid, &candidate::sid) == candidates_.end())
                candidates_.push_back({std::move(verified->sid), verified->secret});
        }
    }
    if (!saw_cookie_) w_.metrics.count_cookie(cookie_outcome::absent);
}

// A live stored session wins over an anonymous one, an earlier cookie over a later one. A store error
// counts only where no live stored session is found.
task<void> exchange::find_live_session() {
    const candidate* anonymous = nullptr;
    for (const candidate& c : candidates_) {
        const auto issued = session::anonymous_issue_time(c.sid);
        if (issued) {
            if (!session::anonymous_alive(*issued, site_->params.session.life, wall_now()))
                w_.metrics.count_cookie(cookie_outcome::expired);
            else if (anonymous == nullptr)
                anonymous = &c;
            continue;
        }
        if (const error_code ec = co_await load_candidate(c)) failure_ = ec;
        if (document_) {
            failure_ = {};
            co_return;
        }
    }
    if (!failure_ && anonymous != nullptr) adopt_anonymous(*anonymous);
}

// Adopts the session where there is a live one. Error: the store could not answer.
task<error_code> exchange::load_candidate(const candidate& c) {
    auto loaded = co_await w_.store.load(c.sid);
    if (!loaded) co_return loaded.error();
    if (!*loaded) {
        w_.metrics.count_cookie(cookie_outcome::unknown);
        co_return error_code{};
    }
    stored_ = std::move((*loaded)->value);
    const auto document = session::document::parse(stored_);
    if (!document) {
        // Never deleted and never shown: it may be another application's.
        w_.metrics.malformed_values.add();
        w_.metrics.count_cookie(cookie_outcome::unknown);
        log::warn("stored value is not a session",
                  {{"side", "session"}, {"handle", site_->make_handle(c.sid)}, {"bytes", stored_.size()}});
        co_return error_code{};
    }
    const std::optional<milliseconds> ttl = (*loaded)->ttl;
    const session::life life = session::judge({ttl, document->cookie().original_max_age, document->since()},
                                              site_->params.session.life, wall_now());
    if (life.state == session::verdict::live)
        adopt(c, *document, ttl, life);
    else
        end_session(c, life.state);
    co_return error_code{};
}

void exchange::adopt(const candidate& c, const session::document& document, std::optional<milliseconds> ttl,
                     const session::life& life) {
    const cookie_params& cookie = site_->params.session.cookie;
    outcome_ = session_outcome::active;
    set_cookie_.clear();  // what another candidate left
    sid_ = c.sid;
    handle_ = site_->make_handle(sid_);
    document_ = document;
    w_.metrics.count_cookie(cookie_outcome::valid);
    w_.metrics.count_secret(c.secret);

    if (life.record_since) record_since_later(w_, sid_, stored_, wall_now());
    if (life.touch) touch_later(w_, sid_, *life.touch);
    // The cookie runs out with the store, where it runs out at all; one signed by an older secret is
    // signed again. A session without a life of its own (maxAge: null) keeps its browser-session cookie.
    const bool express_browser_session = !document_->cookie().original_max_age.has_value();
    const bool expires = cookie.max_age.has_value() && !express_browser_session;
    if ((life.touch && expires) || c.secret != 0) {
        std::optional<unix_time> end;
        if (expires && life.touch) end = wall_now() + *life.touch;
        if (expires && !life.touch && ttl) end = wall_now() + *ttl;
        set_cookie(site_->signer.sign(sid_), end);
    }
}

void exchange::adopt_anonymous(const candidate& c) {
    outcome_ = session_outcome::active;
    set_cookie_.clear();
    sid_ = c.sid;
    handle_ = site_->make_handle(sid_);
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
    handle_ = site_->make_handle(sid_);
    w_.metrics.sessions_created.add();
    std::optional<unix_time> end;
    if (const auto& max_age = site_->params.session.cookie.max_age)
        end = now + std::min(*max_age, site_->params.session.life.anonymous_lifetime);
    set_cookie(site_->signer.sign(sid_), end);
}

void exchange::end_session(const candidate& c, session::verdict why) {
    w_.metrics.count_cookie(cookie_outcome::expired);
    w_.metrics.count_end(why == session::verdict::expired_absolute ? end_reason::absolute : end_reason::idle);
    destroy_later(w_, c.sid);
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

// The session headers, set by us alone: the client's were stripped by name.
void exchange::build_injection() {
    const inject_params& inject = site_->params.inject;
    const auto line = [this](std::string_view name, std::string_view value) {
        injected_ += name;
        injected_ += ": ";
        injected_ += value;
        injected_ += "\r\n";
    };
    if (!inject.state.empty())
        line(inject.state, outcome_ == session_outcome::unavailable ? "none" : to_string(outcome_));
    if (!inject.id.empty() && !handle_.empty()) line(inject.id, handle_);
    if (!document_) return;
    for (const injected_header& h : inject.headers) {
        const auto json = document_->find(h.pointer);
        if (!json) continue;
        // A cut value would be another value: too long ones are not sent at all.
        const std::string text = json->size() <= max_injected ? session::header_text(*json) : std::string();
        if (json->size() > max_injected || text.size() > max_injected)
            log::warn("session value too long to inject",
                      {{"side", "session"}, {"header", h.name}, {"handle", handle_}});
        else
            line(h.name, text);
    }
}

}  // namespace vestibule::server

// The guards around the session: CORS and CSRF before it, flood limits where there is none. Each hook is
// only called where its feature is on.
#include "server/exchange.hpp"

#include <vestibule/base/logger.hpp>

#include <functional>

namespace vestibule::server {

using http::field_id;
using policy::csrf_verdict;

namespace {

policy::csrf_facts facts_of(const http::field_list& fields) {
    policy::csrf_facts f;
    const auto keep = [&](std::optional<std::string_view>& out, std::string_view value) {
        f.repeated = f.repeated || out.has_value();
        out = value;
    };
    for (const http::field& x : fields) {
        if (x.id == field_id::sec_fetch_site) keep(f.sec_fetch_site, x.value);
        if (x.id == field_id::origin) keep(f.origin, x.value);
        if (x.id == field_id::referer) keep(f.referer, x.value);
    }
    return f;
}

}  // namespace

// Makes the lines that let a page of an allowed origin read the answer, whoever gives it: while the head is
// still there.
void exchange::note_origin() {
    if (head_.fields.count(field_id::origin) != 1) return;
    const std::string_view origin = head_.fields.find(field_id::origin);
    if (site_->cors.allows(origin)) site_->cors.append_answer(cors_, origin);
}

// What own answers carry.
std::string exchange::cors_of_answer() const {
    return site_->cors.on() ? "Vary: Origin\r\n" + cors_ : std::string();
}

// False: the request is answered here.
bool exchange::guard() {
    if (site_->cors.on() && policy::is_preflight(method_, head_.fields)) {
        answer_preflight();
        return false;
    }
    const bool session = site_->routes.at(route_).session != policy::session_mode::off;
    return site_->params.csrf.mode == policy::csrf_mode::off || !session || comes_from_here();
}

// Whatever the route: a preflight brings no cookie, and its answer is about other requests.
void exchange::answer_preflight() {
    const bool allowed = !cors_.empty();
    (allowed ? w_.guards.preflights_allowed : w_.guards.preflights_refused).add();
    cors_.clear();
    if (allowed)
        site_->cors.append_preflight(cors_, head_.fields.find(field_id::origin),
                                     head_.fields.find(field_id::access_control_request_headers));
    answer(allowed ? 204 : 403);
}

bool exchange::comes_from_here() {
    policy::csrf_facts f = facts_of(head_.fields);
    f.method = method_;
    f.websocket = upgrade_ && http::list_contains(head_.fields.find(field_id::upgrade), "websocket");
    f.https = facts_.https;
    const std::string_view host =
        target_.authority.empty() ? head_.fields.find(field_id::host) : target_.authority;
    f.host = http::host_asked_for(head_.fields, facts_, host);
    const bool as_nobody = head_.fields.find(field_id::cookie).empty() &&
                           head_.fields.find(field_id::authorization).empty() && client_.subject.empty();
    const csrf_verdict verdict =
        policy::judge_csrf(f, as_nobody ? site_->csrf_allow_nobody : site_->csrf_allow);
    if (verdict == csrf_verdict::passes) return true;

    const bool shadow = site_->params.csrf.shadow;
    w_.guards.count_csrf(verdict, shadow);
    log::info(shadow ? "cross-site request let pass" : "cross-site request refused",
              {{"reason", to_string(verdict)},
               {"from", policy::source_of(f)},
               {"method", method_},
               {"path", target_.path},
               {"route", site_->routes.name(route_)},
               {"request_id", request_id_}});
    if (!shadow) answer(403);
    return shadow;
}

// A session cookie that leads nowhere.
void exchange::count_failed_cookie(cookie_outcome why, std::string_view text) {
    w_.metrics.count_cookie(why);
    if (!site_->flood) return;
    ++failed_cookies_;
    failed_fingerprint_ = failed_fingerprint_ * 31 + std::uint32_t(std::hash<std::string_view>{}(text));
}

// Of a request without a live session. False: it brings cookies that lead nowhere, its address has brought
// too many of them, and it is answered so. A signature has to be computed and a signed sid looked up before
// that is known, or a live session behind the same address would be refused; nobody who has not got the
// secret gets past the signature.
bool exchange::admit_without_session() {
    if (failed_cookies_ == 0 || !facts_.address) return true;
    const auto v =
        site_->flood->count_failures(*facts_.address, failed_cookies_, failed_fingerprint_, mono_now());
    if (!v.over) return true;
    w_.guards.failed_cookies_limited.add();
    if (v.now) log_flood("failed_cookies", site_->params.flood.failed_cookies);
    answer(429, "Retry-After: " + std::to_string((v.left.count() + 999) / 1000) + "\r\n");
    return false;
}

// Whether a new session is issued to this address; else the request goes on without one.
bool exchange::may_issue() {
    if (!facts_.address) return true;
    const auto v = site_->flood->count_session(*facts_.address, mono_now());
    if (!v.over) return true;
    over_limit_ = true;
    w_.guards.new_sessions_limited.add();
    if (v.now) log_flood("new_sessions", site_->params.flood.new_sessions);
    return false;
}

// Whether a visitor who has nothing in the store gets something there. Not counted again where this very
// request was issued a session; a login is the backend's to judge.
bool exchange::may_store(const session::session_changes& c) {
    if (outcome_ == session_outcome::fresh || session::logs_in(c, site_->params.session.life)) return true;
    if (!over_limit_ && may_issue()) return true;
    w_.metrics.count_change(change_outcome::refused);
    w_.metrics.count_vault(vault_outcome::dropped, c.vault.size());
    return false;
}

// Once for each address and window.
void exchange::log_flood(std::string_view kind, std::uint32_t limit) {
    log::warn("flood limit passed", {{"kind", kind},
                                     {"client", facts_.address->to_string()},
                                     {"limit", limit},
                                     {"window_ms", site_->params.flood.window.count()},
                                     {"request_id", request_id_}});
}

}  // namespace vestibule::server

// The vault's part of an exchange: cookies that the backend sets and the client never sees.
#include "server/exchange.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/http/cookies.hpp>

namespace vestibule::server {

namespace {

constexpr std::size_t longest_shown = 64;  // bytes of a name in the log

}  // namespace

// What the answer at hand sets there. Where there is no session to keep it in, nothing.
void exchange::take_vaulted(session::session_changes& c) {
    if (!site_->vault.on()) return;
    c.at = wall_now();
    vaulted v = vaulted_in(response_.fields, site_->vault, target_.path, c.at);
    if (!v.any()) return;
    if (v.unreadable > 0) {
        w_.metrics.count_vault(vault_outcome::refused, v.unreadable);
        log_refused_cookie({});
    }
    // While the store is away, or another answer is just bringing a new sid, the visitor has a session that
    // we do not see: none is made beside it.
    if (outcome_ == session_outcome::off || outcome_ == session_outcome::unavailable ||
        (ended_lately_ && !carried_from_))
        return w_.metrics.count_vault(vault_outcome::dropped, v.changes.size());
    vaulted_ = true;
    c.vault = std::move(v.changes);
}

// What a 101 sets and says. False: it does not go on.
task<bool> exchange::settle_upgrade() {
    session::session_changes c;
    take_vaulted(c);
    if (site_->routes.at(route_).session != policy::session_mode::off) take_control(c);
    co_return co_await settle(std::move(c));
}

// Of an answer that is no final one: nothing of it is kept.
void exchange::drop_vaulted() {
    if (!site_->vault.on()) return;
    const vaulted v = vaulted_in(response_.fields, site_->vault, target_.path, wall_now());
    w_.metrics.count_vault(vault_outcome::dropped, v.changes.size() + v.unreadable);
}

// The sid that the backend, which speaks express, gives the client in this answer; empty where it takes the
// cookie away. Nothing: it does neither.
std::optional<std::string> exchange::sid_of_backend() const {
    if (judge_backend_cookies(*site_, response_.fields) != backend_cookie::valid) return {};
    for (const http::field& f : response_.fields) {
        if (f.id != http::field_id::set_cookie) continue;
        std::string_view rest = f.value;
        const auto first = http::next_cookie(rest);
        if (!first || first->name != site_->params.session.cookie.name) continue;
        if (first->value.empty()) return std::string();
        const auto v = site_->signer.verify(first->value);
        return v ? std::optional(std::string(std::string_view(v->sid))) : std::nullopt;
    }
    return {};
}

// Where the backend itself sends the client to another session, its cookies go there, once it is stored.
void exchange::leave_vaulted_to_backend(session::session_changes& c) {
    if (c.vault.empty() || c.regenerate || !c.set.empty() || !c.merge_patch.empty()) return;
    const auto sid = sid_of_backend();
    if (!sid || (session_ && *sid == sid_)) return;
    if (sid->empty())
        w_.metrics.count_vault(vault_outcome::dropped, c.vault.size());
    else
        carried_ = std::move(c.vault);
    c.vault.clear();
}

void exchange::count_vaulted(const session::vault_report& r) {
    w_.metrics.count_vault(r);
    for (const std::string& name : r.refused) log_refused_cookie(name);
}

// Never its value.
void exchange::log_refused_cookie(std::string_view name) {
    log::warn("cookie does not fit the vault", {{"side", "upstream"},
                                                {"cookie", name.substr(0, longest_shown)},
                                                {"route", site_->routes.name(route_)},
                                                {"handle", handle_},
                                                {"request_id", request_id_}});
}

}  // namespace vestibule::server

#include "server/metrics.hpp"

namespace vestibule::server {
namespace {

constexpr std::array<std::string_view, 7> cookie_names{"valid",   "absent",  "malformed", "bad_signature",
                                                       "unknown", "expired", "ended"};
constexpr std::array<std::string_view, 4> end_names{"idle", "absolute", "logout", "limit"};
constexpr std::array<std::string_view, 6> change_names{"done",   "unchanged", "gone",
                                                       "denied", "refused",   "failed"};
constexpr std::array<std::string_view, 2> long_lived_names{"tunnel", "event_stream"};
constexpr std::array<std::string_view, 4> vault_outcomes{"kept", "deleted", "refused", "dropped"};
constexpr std::array<side, 5> sides{side::downstream, side::session, side::store, side::upstream,
                                    side::internal};

constexpr const char* requests_name = "vestibule_requests_total";
constexpr const char* requests_help = "Requests by route, status code and session outcome.";

}  // namespace

std::string_view to_string(session_outcome o) noexcept {
    switch (o) {
        case session_outcome::off: return "off";
        case session_outcome::none: return "none";
        case session_outcome::fresh: return "new";
        case session_outcome::active: return "active";
        case session_outcome::unavailable: break;
    }
    return "unavailable";
}

server_metrics::server_metrics(metrics_registry& r, std::size_t secrets)
    : connections(r.gauge("vestibule_connections", "Open client connections.")),
      accepted(r.counter("vestibule_connections_accepted_total", "Client connections accepted.")),
      refused(
          r.counter("vestibule_connections_refused_total", "Client connections over limits.connections.")),
      refused_for_address(r.counter("vestibule_connections_refused_for_address_total",
                                    "Client connections over limits.connections_per_address.")),
      proxy_headers_refused(
          r.counter("vestibule_proxy_headers_refused_total",
                    "Client connections closed for want of a PROXY protocol header that is believed.")),
      shed(r.counter("vestibule_connections_shed_total",
                     "Idle client connections closed to make room for others.")),
      tunnels(r.gauge("vestibule_tunnels", "Open upgraded connections (WebSockets).")),
      event_streams(r.gauge("vestibule_event_streams", "Open event streams.")),
      sessions_created(r.counter("vestibule_sessions_created_total", "Anonymous sessions issued.")),
      sessions_stored(r.counter("vestibule_sessions_stored_total",
                                "Sessions stored for visitors who had none in the store.")),
      sessions_renewed(
          r.counter("vestibule_sessions_renewed_total", "Sessions whose idle time was renewed.")),
      sids_renewed(r.counter("vestibule_sids_renewed_total",
                             "Sessions that got a new sid because of its age or another user.")),
      vaults_restored(r.counter("vestibule_vaults_restored_total",
                                "Vaults that got back what another client of the store had written over.")),
      malformed_values(r.counter("vestibule_sessions_malformed_total",
                                 "Loads of a stored value that is not a session document.")),
      stale_retries(r.counter("vestibule_backend_stale_retries_total",
                              "Requests repeated because a pooled connection was closed by the backend.")),
      denied(r.counter("vestibule_requests_denied_total", "Requests denied by a route's requirements.")),
      assertions_signed(r.counter("vestibule_assertions_signed_total",
                                  "Assertions signed; those sent again are not counted.")),
      request_duration(r.histogram("vestibule_request_duration_seconds",
                                   "From the complete request head to the end of the response.")),
      backend_duration(r.histogram("vestibule_backend_duration_seconds",
                                   "From the request being sent to the backend's response head.")),
      registry_(r) {
    for (std::size_t i = 0; i < cookies_.size(); ++i)
        cookies_[i] = &r.counter("vestibule_cookies_total", "Session cookies by what came of them.",
                                 {{"outcome", std::string(cookie_names[i])}});
    for (std::size_t i = 0; i < ended_.size(); ++i)
        ended_[i] = &r.counter("vestibule_sessions_ended_total",
                               "Sessions ended here: by a timeout (where the store's own clock was first, "
                               "the cookie counts as unknown), a logout, or max_per_user.",
                               {{"reason", std::string(end_names[i])}});
    for (std::size_t i = 0; i < changes_.size(); ++i)
        changes_[i] =
            &r.counter("vestibule_session_changes_total",
                       "Changes of a session asked for by a backend's answer, by what came of them.",
                       {{"outcome", std::string(change_names[i])}});
    for (std::size_t i = 0; i < streams_ended_.size(); ++i)
        streams_ended_[i] =
            &r.counter("vestibule_streams_ended_total",
                       "Tunnels and event streams ended because their session had ended, or no longer "
                       "met what the route requires.",
                       {{"kind", std::string(long_lived_names[i])}});
    for (std::size_t i = 0; i < vault_.size(); ++i)
        vault_[i] = &r.counter("vestibule_vault_cookies_total",
                               "Cookies for the vault in a backend's answers, by what came of them.",
                               {{"outcome", std::string(vault_outcomes[i])}});
    for (const side s : sides)
        failures_[static_cast<std::size_t>(s)] =
            &r.counter("vestibule_failures_total", "Exchanges that failed, by the side that failed.",
                       {{"side", std::string(to_string(s))}});
    if (secrets > 0) count_secret(secrets - 1), secrets_.back()->add(-1);
}

void server_metrics::count_secret(std::size_t position) {
    while (secrets_.size() <= position)
        secrets_.push_back(
            &registry_.counter("vestibule_cookie_secret_uses_total",
                               "Valid session cookies by the position of the secret that signed them.",
                               {{"secret", std::to_string(secrets_.size())}}));
    secrets_[position]->add();
}

void server_metrics::count_vault(const session::vault_report& r) {
    count_vault(vault_outcome::kept, r.kept);
    count_vault(vault_outcome::deleted, r.deleted);
    count_vault(vault_outcome::refused, r.refused.size());
}

void server_metrics::count_request(std::string_view route, unsigned status, session_outcome o) {
    const std::tuple<std::string_view, unsigned, session_outcome> key{route, status, o};
    auto it = requests_.find(key);
    if (it == requests_.end()) {
        metric_cell& cell = registry_.counter(requests_name, requests_help,
                                              {{"route", std::string(route)},
                                               {"code", std::to_string(status)},
                                               {"session", std::string(to_string(o))}});
        it = requests_.emplace(std::tuple{std::string(route), status, o}, &cell).first;
    }
    it->second->add();
}

}  // namespace vestibule::server

#include "server/guard_metrics.hpp"

namespace vestibule::server {
namespace {

metric_cell& preflights(metrics_registry& r, const char* outcome) {
    return r.counter("vestibule_cors_preflights_total",
                     "CORS preflights answered here, by what came of them.", {{"outcome", outcome}});
}

metric_cell& limited(metrics_registry& r, const char* kind) {
    return r.counter("vestibule_flood_limited_total",
                     "Requests over a flood limit of their address: new_sessions got no session, "
                     "failed_cookies were answered 429.",
                     {{"kind", kind}});
}

}  // namespace

guard_metrics::guard_metrics(metrics_registry& r)
    : preflights_allowed(preflights(r, "allowed")),
      preflights_refused(preflights(r, "refused")),
      new_sessions_limited(limited(r, "new_sessions")),
      failed_cookies_limited(limited(r, "failed_cookies")) {
    for (std::size_t i = 1; i < csrf_refused.size(); ++i) {
        const metric_labels labels{{"reason", std::string(policy::csrf_verdict_names[i])}};
        csrf_refused[i] = &r.counter("vestibule_csrf_refused_total",
                                     "Requests refused as coming from another site, by reason.", labels);
        csrf_shadow[i] = &r.counter("vestibule_csrf_shadow_total",
                                    "Requests that csrf.shadow let pass and that would be refused without "
                                    "it, by reason.",
                                    labels);
    }
}

}  // namespace vestibule::server

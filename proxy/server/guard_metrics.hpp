// What one worker counts of the guards: CSRF, CORS, floods.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/policy/csrf.hpp>

#include <array>

namespace vestibule::server {

struct guard_metrics {
    explicit guard_metrics(metrics_registry& registry);

    void count_csrf(policy::csrf_verdict v, bool shadow) {
        (shadow ? csrf_shadow : csrf_refused)[static_cast<std::size_t>(v)]->add();
    }

    // By csrf_verdict; nothing for the first, which passes.
    std::array<metric_cell*, policy::csrf_verdict_names.size()> csrf_refused{}, csrf_shadow{};
    metric_cell& preflights_allowed;
    metric_cell& preflights_refused;
    metric_cell& new_sessions_limited;
    metric_cell& failed_cookies_limited;
};

}  // namespace vestibule::server

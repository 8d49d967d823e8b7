// What single routes cannot tell: routes that never match, redirects that come back.
#pragma once

#include "config/reader.hpp"

#include <vestibule/policy/policy_params.hpp>

#include <vector>

namespace vestibule::config {

/// Where a route is written.
struct route_place {
    cursor whole;
    cursor redirect;  // deny.redirect; absent where there is none
};

/// `places[i]` is where `params.routes[i]` was read from, all without a problem.
void check_routes(const std::vector<route_place>& places, const policy::policy_params& params);

}  // namespace vestibule::config

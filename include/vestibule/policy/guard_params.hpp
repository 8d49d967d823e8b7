// What other sites' pages may do, as configured.
#pragma once

#include <vestibule/base/clock.hpp>

#include <string>
#include <vector>

namespace vestibule::policy {

enum class csrf_mode {
    off,
    origin,  // unsafe methods and WebSocket handshakes have to come from the same site
};

struct csrf_params {
    csrf_mode mode = csrf_mode::off;
    std::vector<std::string> allow{};  // origins beside our own
    bool shadow = false;               // count and log only
};

/// Off where `allow_origins` is empty.
struct cors_params {
    std::vector<std::string> allow_origins{};  // "*" only without credentials
    std::vector<std::string> allow_methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    std::vector<std::string> allow_headers{};  // empty: those asked for
    std::vector<std::string> expose_headers{};
    bool credentials = true;
    milliseconds max_age = std::chrono::minutes(10);  // of a preflight's answer in the browser
};

}  // namespace vestibule::policy

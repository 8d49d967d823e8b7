// What doctor says: judgements over settings and what was found out, without I/O.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/config/config.hpp>
#include <vestibule/store/redis_report.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vestibule::app {

enum class severity { fine, warning, critical };

struct finding {
    severity level = severity::fine;
    std::string what;
    std::string remedy{};
};

/// What bites later although it is valid: secrets, cookies, limits.
std::vector<finding> judge_settings(const config::settings& s, std::size_t descriptor_limit);

/// Whether a certificate ends soon. `where`: its key in the configuration.
std::optional<finding> judge_certificate(const std::string& where, unix_time until, unix_time now);

/// Whether this Redis keeps sessions.
std::vector<finding> judge_redis(const store::redis_report& r, const store::store_params& p);

/// Why a backend cannot be connected to. `problem`: what the error does not say.
finding judge_backend(const upstream::endpoint_params& p, error_code why, const std::string& problem);

/// "warning: what\n  remedy: ...\n"
std::string to_string(const finding& f);

}  // namespace vestibule::app

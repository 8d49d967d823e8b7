// The whole configuration: YAML text in, each room's own params out, every problem at once.
#pragma once

#include <vestibule/admin/admin_params.hpp>
#include <vestibule/base/logger.hpp>
#include <vestibule/server/server_params.hpp>
#include <vestibule/store/store_params.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vestibule::config {

struct settings {
    server::server_params server;
    store::store_params store;
    admin::admin_params admin;
    log::params log;
    std::optional<unsigned> workers;  // nothing: auto, the CPUs allowed to the container
};

/// One thing wrong with a configuration.
struct problem {
    int line = 0, column = 0;  // from 1; 0 where the file itself is the problem
    std::string path;          // "session.cookie.same_site", "routes[2].match.path"
    std::string message;       // what is wrong (what would be right)
};

/// `FILE:LINE:COL: path.to.key: message`
std::string to_string(const problem& p, const std::string& file);

struct load_result {
    std::optional<settings> value;  // only where there is no problem
    std::vector<problem> problems;  // in file order
    std::vector<problem> warnings;  // valid, but worth a look (memory: with several replicas in mind, ...)
};

using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Parses and validates YAML text. `base_directory`: what relative {file: path} secrets are relative to.
load_result load_text(const std::string& yaml, const environment& env, const std::string& base_directory);

/// Reads the file, then load_text with the process's environment.
load_result load_file(const std::string& file);

/// CPUs allowed to this process: affinity mask, capped by the cgroup's quota (v1 and v2), at least 1.
unsigned allowed_cpus();

}  // namespace vestibule::config

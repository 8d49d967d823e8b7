// The subcommands. Each returns the process's exit code.
#pragma once

#include <vestibule/config/config.hpp>

#include <optional>
#include <string>

namespace vestibule::app {

constexpr int exit_done = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

int serve(const std::string& config_file);
int check(const std::string& config_file);
int doctor(const std::string& config_file);
int keygen();

/// Loads a configuration; its problems go to standard error, one a line.
std::optional<config::settings> load_or_tell(const std::string& config_file,
                                             std::vector<config::problem>* warnings = nullptr);

/// "vestibule 0.1.0 (commit ...)" and the versions of the libraries it runs with.
std::string version_text();

}  // namespace vestibule::app

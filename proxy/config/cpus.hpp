// How many CPUs a container may use. Pure; allowed_cpus() in config.hpp asks the system.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace vestibule::config {

/// Text of the file at an absolute path; nothing where it cannot be read.
using file_reader = std::function<std::optional<std::string>(const std::string& path)>;

/// `affinity`: CPUs in the affinity mask. Capped by the smallest CPU quota from this process's cgroup up to
/// the root, version 2 (cpu.max) and 1 (cpu.cfs_quota_us), rounded up; at least 1.
unsigned cpus_within(unsigned affinity, const file_reader& read);

}  // namespace vestibule::config

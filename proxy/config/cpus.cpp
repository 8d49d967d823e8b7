#include "config/cpus.hpp"

#include "config/file.hpp"
#include "config/text_form.hpp"

#include <vestibule/config/config.hpp>

#include <sched.h>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <thread>
#include <vector>

namespace vestibule::config {
namespace {

/// Whole CPUs that a quota amounts to; nothing for none ("max", -1) and for what is no number.
std::optional<std::uint64_t> quota_cpus(std::string_view quota, std::string_view period) {
    const auto q = parse_count(quota), p = parse_count(period);
    if (!q || !p || *q == 0 || *p == 0) return std::nullopt;
    return (*q + *p - 1) / *p;
}

/// The word before the next blank or line end, taken off `rest`.
std::string_view next_word(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
    const auto word = rest.substr(0, rest.find_first_of(" \n"));
    rest.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> quota_v2(const std::string& directory, const file_reader& read) {
    const auto text = read(directory + "/cpu.max");
    if (!text) return std::nullopt;
    std::string_view rest = *text;
    const auto quota = next_word(rest);
    return quota_cpus(quota, next_word(rest));
}

std::optional<std::uint64_t> quota_v1(const std::string& directory, const file_reader& read) {
    const auto quota = read(directory + "/cpu.cfs_quota_us"), period = read(directory + "/cpu.cfs_period_us");
    if (!quota || !period) return std::nullopt;
    std::string_view q = *quota, p = *period;
    return quota_cpus(next_word(q), next_word(p));
}

/// The smallest quota of `path` and its ancestors below `mount`. Inside a container the path may be one of
/// the host, which is not there: walking up ends at the container's own.
template <class Quota>
std::uint64_t smallest(std::uint64_t cpus, const std::string& mount, std::string_view path,
                       const file_reader& read, Quota quota) {
    if (path.find("..") != path.npos) path = {};
    while (true) {
        while (path.ends_with('/')) path.remove_suffix(1);
        if (const auto n = quota(mount + std::string(path), read)) cpus = std::min(cpus, *n);
        if (path.empty()) return cpus;
        path = path.substr(0, path.rfind('/'));
    }
}

/// Whether "cpu" is one of the comma-separated controllers.
bool lists_cpu(std::string_view controllers) {
    while (!controllers.empty()) {
        const auto one = controllers.substr(0, controllers.find(','));
        if (one == "cpu") return true;
        controllers.remove_prefix(std::min(one.size() + 1, controllers.size()));
    }
    return false;
}

/// Size of the affinity mask, on machines of any number of CPUs.
unsigned affinity_cpus() {
    for (std::size_t cpus = 1024; cpus <= 1024 * 1024; cpus *= 2) {
        std::vector<cpu_set_t> mask(cpus / 1024);
        const auto bytes = mask.size() * sizeof(cpu_set_t);
        if (::sched_getaffinity(0, bytes, mask.data()) == 0)
            return static_cast<unsigned>(CPU_COUNT_S(bytes, mask.data()));
        if (errno != EINVAL) break;
    }
    return std::thread::hardware_concurrency();
}

}  // namespace

unsigned cpus_within(unsigned affinity, const file_reader& read) {
    std::uint64_t cpus = std::max(affinity, 1u);
    const auto own = read("/proc/self/cgroup");
    std::string_view rest = own ? std::string_view(*own) : std::string_view();
    while (!rest.empty()) {  // hierarchy:controllers:path
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const auto first = line.find(':');
        const auto second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos) continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        const auto path = line.substr(second + 1);
        if (line.starts_with("0::")) {
            cpus = smallest(cpus, "/sys/fs/cgroup", path, read, quota_v2);
        } else if (lists_cpu(controllers)) {
            for (const char* mount :
                 {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpuacct,cpu"})
                cpus = smallest(cpus, mount, path, read, quota_v1);
        }
    }
    return static_cast<unsigned>(cpus);
}

unsigned allowed_cpus() {
    return cpus_within(affinity_cpus(), [](const std::string& path) -> std::optional<std::string> {
        constexpr std::size_t most_bytes = 64 * 1024;
        auto file = read_file(path, most_bytes);
        if (!file.error.empty()) return std::nullopt;
        return std::move(file.text);
    });
}

}  // namespace vestibule::config

#include "config/cpus.hpp"

#include <vestibule/config/config.hpp>

#include <gtest/gtest.h>

#include <map>

namespace vestibule::config {
namespace {

using files = std::map<std::string, std::string>;

unsigned cpus(unsigned affinity, const files& f) {
    return cpus_within(affinity, [&](const std::string& path) -> std::optional<std::string> {
        const auto found = f.find(path);
        if (found == f.end()) return std::nullopt;
        return found->second;
    });
}

TEST(cpus_within, table) {
    const std::string v2 = "0::/\n";
    const std::string v1 = "12:pids:/\n3:cpu,cpuacct:/docker/abc\n0::/docker/abc\n";
    struct {
        const char* name;
        unsigned affinity;
        files system;
        unsigned expected;
    } cases[] = {
        {"nothing known", 8, {}, 8},
        {"no CPU in the mask", 0, {}, 1},
        {"v2 without a quota", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}}, 8},
        {"v2 root without cpu.max", 8, {{"/proc/self/cgroup", v2}}, 8},
        {"v2 two CPUs", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}}, 2},
        {"v2 rounded up", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}}, 2},
        {"v2 half a CPU", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "50000 100000\n"}}, 1},
        {"v2 quota above the mask",
         2,
         {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "800000 100000\n"}},
         2},
        {"v2 of the parent",
         8,
         {{"/proc/self/cgroup", "0::/kube/pod/app\n"},
          {"/sys/fs/cgroup/kube/pod/app/cpu.max", "max 100000\n"},
          {"/sys/fs/cgroup/kube/pod/cpu.max", "300000 100000\n"},
          {"/sys/fs/cgroup/kube/cpu.max", "600000 100000\n"}},
         3},
        {"v2 own is the smallest",
         8,
         {{"/proc/self/cgroup", "0::/kube/pod\n"},
          {"/sys/fs/cgroup/kube/pod/cpu.max", "100000 100000\n"},
          {"/sys/fs/cgroup/kube/cpu.max", "600000 100000\n"}},
         1},
        {"v2 path outside of the namespace",
         8,
         {{"/proc/self/cgroup", "0::/../../other\n"}, {"/sys/fs/cgroup/cpu.max", "400000 100000\n"}},
         4},
        {"v2 broken", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "many\n"}}, 8},
        {"v2 empty", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", ""}}, 8},
        {"v2 zero period", 8, {{"/proc/self/cgroup", v2}, {"/sys/fs/cgroup/cpu.max", "100000 0\n"}}, 8},
        {"v1 inside a container",
         8,
         {{"/proc/self/cgroup", v1},
          {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}},
         3},
        {"v1 on the host",
         8,
         {{"/proc/self/cgroup", v1},
          {"/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "400000\n"},
          {"/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n"},
          {"/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "-1\n"},
          {"/sys/fs/cgroup/cpu/docker/cpu.cfs_period_us", "100000\n"}},
         4},
        {"v1 without a quota",
         8,
         {{"/proc/self/cgroup", v1},
          {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
         8},
        {"v1 cpuset is not cpu",
         8,
         {{"/proc/self/cgroup", "4:cpuset:/\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n"},
          {"/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
         8},
        {"lines that are none", 8, {{"/proc/self/cgroup", "\n:\nx\n0:"}}, 8},
    };
    for (const auto& c : cases) EXPECT_EQ(cpus(c.affinity, c.system), c.expected) << c.name;
}

TEST(allowed_cpus, is_at_least_one) {
    EXPECT_GE(allowed_cpus(), 1u);
    EXPECT_LE(allowed_cpus(), 4096u);
}

}  // namespace
}  // namespace vestibule::config

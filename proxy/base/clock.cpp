#include <vestibule/base/clock.hpp>

#include <time.h>

namespace vestibule {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) noexcept {
    timespec t{};
    ::clock_gettime(id, &t);
    return seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

class system_clock_source final : public clock_source {
  public:
    unix_time now() const noexcept override { return wall_now(); }
};

}  // namespace

unix_time wall_now() noexcept {
    return unix_time(std::chrono::duration_cast<milliseconds>(read_clock(CLOCK_REALTIME_COARSE)));
}

mono_time mono_now() noexcept {
    return mono_time(read_clock(CLOCK_MONOTONIC_COARSE));
}

const clock_source& real_clock() noexcept {
    static const system_clock_source instance;
    return instance;
}

}  // namespace vestibule

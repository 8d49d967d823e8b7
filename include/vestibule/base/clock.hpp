// Time. Session rules use wall time in milliseconds, deadlines use monotonic time; both are coarse
// (a few milliseconds), which costs no system call.
#pragma once

#include <chrono>

namespace vestibule {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Wall time, milliseconds since 1970, as JavaScript's Date counts it.
using unix_time = std::chrono::sys_time<milliseconds>;

/// Monotonic time for deadlines; its zero means nothing.
using mono_time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Where time comes from; tests hand in one that they can push forward. Thread-safe.
class clock_source {
  public:
    virtual ~clock_source() = default;
    virtual unix_time now() const noexcept = 0;
};

/// CLOCK_REALTIME, coarse.
unix_time wall_now() noexcept;

/// CLOCK_MONOTONIC, coarse: for deadlines.
mono_time mono_now() noexcept;

/// The process's one real clock_source, over wall_now().
const clock_source& real_clock() noexcept;

/// A clock that stands still until told otherwise. For tests.
class manual_clock final : public clock_source {
  public:
    explicit manual_clock(unix_time start) noexcept : now_(start) {}
    unix_time now() const noexcept override { return now_; }
    void advance(milliseconds by) noexcept { now_ += by; }

  private:
    unix_time now_;
};

}  // namespace vestibule

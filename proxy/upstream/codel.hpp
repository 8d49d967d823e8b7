// When a line of waiting requests is too long: controlled delay (CoDel) in the form that servers use it
// ("Fail at Scale", ACM Queue 13(8); folly::Codel). A line that is empty now and then is a burst, and does no
// harm. One in which for a whole interval nobody waited for less than the target is overload: then whoever
// has waited for twice the target is refused, so that those who are served have not waited for long.
#pragma once

#include <chrono>

namespace vestibule::upstream {

class codel {
  public:
    using time = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    static constexpr auto interval = std::chrono::milliseconds(100);

    /// Target 0: nobody is refused.
    explicit codel(duration target) noexcept : target_(target) {}

    /// The first in the line has waited for so long and would be served. True: is to be refused instead.
    bool refuses(time now, duration delay) noexcept {
        if (target_ <= duration::zero()) return false;
        if (now >= end_) {
            overloaded_ = seen_ && least_ > target_;
            end_ = now + interval;
            least_ = delay;
            seen_ = true;
        } else if (delay < least_) {
            least_ = delay;
        }
        return overloaded_ && delay > 2 * target_;
    }

    /// Nobody waits any more.
    void line_is_empty() noexcept { least_ = duration::zero(); }

    bool overloaded() const noexcept { return overloaded_; }

  private:
    duration target_;
    time end_{};        // of the interval under way
    duration least_{};  // that somebody has waited in it
    bool seen_ = false;
    bool overloaded_ = false;
};

}  // namespace vestibule::upstream

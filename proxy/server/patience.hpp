// How long one side of a body is waited for: `idle` at a time, and in all as long as that and what the bytes
// so far take at `min_rate` bytes a second. So neither a byte now and then nor a pause for once is the
// matter, but the average (as in Apache's mod_reqtimeout). Only waiting counts: who is held up by the other
// side is not slow.
#pragma once

#include <vestibule/base/clock.hpp>

#include <algorithm>
#include <cstdint>

namespace vestibule::server {

class patience {
  public:
    /// `idle` 0: no end to it. `min_rate` 0: `idle` alone counts.
    patience(milliseconds idle, std::uint64_t min_rate) noexcept : idle_(idle), min_rate_(min_rate) {}

    /// The limit of the next wait; 0: none. At least a millisecond, which is none at all.
    milliseconds left() const noexcept {
        if (min_rate_ == 0 || waited_ == milliseconds(0) || idle_ <= milliseconds(0)) return idle_;
        const milliseconds earned(moved_ / min_rate_ * 1000 + moved_ % min_rate_ * 1000 / min_rate_);
        return std::clamp(idle_ + earned - waited_, milliseconds(1), idle_);
    }

    /// One wait, which may have been none, and the bytes that came of it.
    void waited(milliseconds time, std::uint64_t bytes) noexcept {
        waited_ += time;
        moved_ = std::min(moved_ + bytes, most_bytes);
    }

  private:
    static constexpr std::uint64_t most_bytes = std::uint64_t(1) << 43;  // by 1000 they still fit

    milliseconds idle_;
    std::uint64_t min_rate_;
    milliseconds waited_{0};
    std::uint64_t moved_ = 0;
};

}  // namespace vestibule::server

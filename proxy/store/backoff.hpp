// How long to wait before the next attempt to connect: 50 ms, doubled up to half a second, and of that a
// random part between half and all, so that the workers of many replicas do not come back in step.
#pragma once

#include <vestibule/base/clock.hpp>

#include <algorithm>
#include <cstdint>
#include <random>

namespace vestibule::store {

class backoff {
  public:
    static constexpr milliseconds shortest{50}, longest{500};

    explicit backoff(std::uint32_t seed) : random_(seed) {}

    milliseconds next() {
        std::uniform_int_distribution<milliseconds::rep> part(step_.count() / 2, step_.count());
        step_ = std::min(2 * step_, longest);
        return milliseconds(part(random_));
    }

    void reset() noexcept { step_ = shortest; }

  private:
    std::minstd_rand random_;
    milliseconds step_ = shortest;
};

}  // namespace vestibule::store

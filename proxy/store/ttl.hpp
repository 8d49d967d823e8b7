// The TTLs that stores take: from one second to a hundred years. So a session on its very last moment
// is neither deleted by a touch nor left without an end, and no deadline overflows.
#pragma once

#include <vestibule/base/clock.hpp>

#include <algorithm>

namespace vestibule::store {

constexpr seconds storable(seconds ttl) noexcept {
    return std::clamp(ttl, seconds(1), seconds(100LL * 365 * 24 * 3600));
}

}  // namespace vestibule::store

// When a worker has to enter sessions into their users' lists again, so that one in use does not drop out of
// its list: a list knows when a session ends only as of the last entry, and others may have renewed it since.
// Pure, bounded; what is forgotten is entered once more than needed.
#pragma once

#include <vestibule/base/clock.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace vestibule::server {

class list_memory {
  public:
    /// Entered now, for `ttl`; nothing: for good. Again after half of that.
    void entered(std::string_view sid, std::optional<milliseconds> ttl, mono_time now) {
        if (slots_.empty()) slots_.resize(size);
        slots_[hash(sid) % size] = {hash(sid), now + ttl.value_or(longest) / 2};
    }

    /// When it is due.
    mono_time due(std::string_view sid) const noexcept {
        if (slots_.empty()) return mono_time::min();
        const slot& s = slots_[hash(sid) % size];
        return s.of == hash(sid) ? s.due : mono_time::min();
    }

  private:
    static constexpr std::size_t size = 16 * 1024;
    static constexpr milliseconds longest = std::chrono::hours(24);

    struct slot {
        std::size_t of = 0;
        mono_time due = mono_time::min();
    };
    static std::size_t hash(std::string_view sid) noexcept { return std::hash<std::string_view>()(sid); }

    std::vector<slot> slots_;  // empty until something is in it
};

}  // namespace vestibule::server

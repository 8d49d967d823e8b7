// Signing costs more than all else in an exchange: what says the same is signed once and sent again.
#pragma once

#include "server/assertion.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::server {

/// The tokens that one worker may send again, as header lines: 2,048 at most, found by all that they say.
/// A new one takes the place of the one that ends first among four.
class assertion_cache {
  public:
    /// The line with these facts under that configuration (site::number); empty where there is none that
    /// may be sent now. A view, good until the next keep(). Allocates nothing once it is warm.
    std::string_view find(std::uint64_t site, const assertion_facts& f, unix_time now);

    /// Keeps a copy of a line that was made at `now`, to be sent until `until`. Long ones are not kept.
    void keep(std::uint64_t site, const assertion_facts& f, std::string_view line, unix_time now,
              unix_time until);

  private:
    struct entry {
        std::uint64_t site = 0, hash = 0;
        unix_time from{}, until{};
        std::string key, line;
    };
    static constexpr std::size_t sets = 512, ways = 4;
    static constexpr std::size_t longest = 2048;  // bytes of a key, and of a line

    std::size_t look_up(const assertion_facts& f);  // the first of its set; sets key_

    std::vector<entry> entries_;  // empty until the first is kept
    std::string key_;
    std::uint64_t hash_ = 0;  // of key_
};

}  // namespace vestibule::server

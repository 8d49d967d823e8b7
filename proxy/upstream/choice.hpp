// Which of several backends gets a request. Pure: no clock, no random numbers of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vestibule::upstream {

/// A backend as the choice sees it.
struct candidate {
    std::uint32_t share = 0;   // of the requests, relative to the others; 0: not to be chosen
    std::uint32_t active = 0;  // exchanges under way
};

constexpr std::size_t nobody = static_cast<std::size_t>(-1);

/// Smooth weighted round robin, as nginx does it: weights 5, 1, 1 give a a b a c a a.
class rotation {
  public:
    /// Position of the next one, or nobody. The rotation goes on where candidates come and go.
    std::size_t next(std::span<const candidate> all);

  private:
    std::vector<std::int64_t> credit_;
};

/// Of two picked at random the one with fewer exchanges for its share (the power of two choices); a tie is
/// for the random number to break.
std::size_t least_requests(std::span<const candidate> all, std::uint64_t random) noexcept;

}  // namespace vestibule::upstream

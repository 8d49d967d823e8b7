#include "upstream/choice.hpp"

namespace vestibule::upstream {

std::size_t rotation::next(std::span<const candidate> all) {
    if (credit_.size() != all.size()) credit_.assign(all.size(), 0);
    std::size_t best = nobody;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].share == 0) continue;
        credit_[i] += all[i].share;
        total += all[i].share;
        if (best == nobody || credit_[i] > credit_[best]) best = i;
    }
    if (best != nobody) credit_[best] -= total;
    return best;
}

std::size_t least_requests(std::span<const candidate> all, std::uint64_t random) noexcept {
    std::size_t count = 0;
    for (const candidate& c : all) count += c.share > 0;
    if (count == 0) return nobody;
    // The n-th of those that may be chosen.
    const auto nth = [&](std::size_t n) {
        std::size_t i = 0;
        while (all[i].share == 0 || n-- > 0) ++i;
        return i;
    };
    const std::size_t first = (random >> 1) % 0x7fff'ffff % count;
    const std::size_t a = nth(first);
    if (count == 1) return a;
    const std::size_t b = nth((first + 1 + (random >> 32) % (count - 1)) % count);
    const auto load_a = (std::uint64_t(all[a].active) + 1) * all[b].share;
    const auto load_b = (std::uint64_t(all[b].active) + 1) * all[a].share;
    if (load_a == load_b) return (random & 1) != 0 ? a : b;
    return load_a < load_b ? a : b;
}

}  // namespace vestibule::upstream

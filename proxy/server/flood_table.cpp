#include "server/flood_table.hpp"

#include "server/address_key.hpp"

#include <algorithm>
#include <limits>

namespace vestibule::server {

flood_table::flood_table(const flood_params& p, std::uint64_t seed)
    : params_(p), seed_(seed), entries_(std::max<std::size_t>(1, p.max_addresses / ways) * ways) {}

std::size_t flood_table::set_of(std::uint64_t address) const noexcept {
    return mixed(address, seed_) % (entries_.size() / ways);
}

flood_table::entry& flood_table::find(std::size_t set, std::uint64_t address, mono_time now) noexcept {
    entry* const first = &entries_[set * ways];
    entry* oldest = first;
    for (entry* e = first; e != first + ways; ++e) {
        if (e->began != mono_time::min() && e->address == address) {
            oldest = e;
            if (now - e->began < params_.window) return *e;
            break;
        }
        if (e->began < oldest->began) oldest = e;
    }
    *oldest = entry{.address = address, .began = now};
    return *oldest;
}

flood_table::verdict flood_table::count(std::uint32_t& counted, std::uint32_t n, std::uint32_t limit,
                                        const entry& e, mono_time now) const noexcept {
    const bool was_over = counted > limit;
    counted += std::min(n, std::numeric_limits<std::uint32_t>::max() - counted);
    if (counted <= limit) return {};
    const auto left = std::chrono::duration_cast<milliseconds>(params_.window - (now - e.began));
    return {.over = true, .now = !was_over, .left = left};
}

flood_table::verdict flood_table::count_session(const http::ip_address& client, mono_time now) {
    if (params_.new_sessions == 0) return {};
    const std::uint64_t address = address_key(client);
    const std::size_t set = set_of(address);
    const std::lock_guard lock(locks_[set % locks_.size()]);
    entry& e = find(set, address, now);
    return count(e.sessions, 1, params_.new_sessions, e, now);
}

flood_table::verdict flood_table::count_failures(const http::ip_address& client, std::uint32_t n,
                                                 std::uint32_t fingerprint, mono_time now) {
    if (params_.failed_cookies == 0) return {};
    const std::uint64_t address = address_key(client);
    const std::size_t set = set_of(address);
    const std::lock_guard lock(locks_[set % locks_.size()]);
    entry& e = find(set, address, now);
    const auto known = e.fingerprints.begin() + std::min<std::size_t>(e.failures, e.fingerprints.size());
    const auto same = std::find(e.fingerprints.begin(), known, fingerprint);
    if (same != known) n = 0;
    const auto latest = same == known ? e.fingerprints.end() - 1 : same;
    std::rotate(e.fingerprints.begin(), latest, latest + 1);
    e.fingerprints.front() = fingerprint;
    return count(e.failures, n, params_.failed_cookies, e, now);
}

}  // namespace vestibule::server

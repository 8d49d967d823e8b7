// How many new sessions and failed cookies came from which address lately. Fixed windows: each begins with
// the first event of its address. Fixed memory: addresses stand in sets of eight by a seeded hash, and a new
// one in a full set takes the place of the one whose window began first. Shared by all workers, thread-safe;
// only touched by requests that count, which those of live sessions are not.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/http/ip_address.hpp>
#include <vestibule/server/server_params.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

namespace vestibule::server {

class flood_table {
  public:
    /// `seed`: random, so that nobody can choose addresses that push out others.
    flood_table(const flood_params& p, std::uint64_t seed);

    struct verdict {
        bool over = false;     // the limit is passed
        bool now = false;      // by this very event, the first time in this window
        milliseconds left{0};  // until the window ends, where over
    };

    /// One new session for this client.
    verdict count_session(const http::ip_address& client, mono_time now);

    /// `count` cookies in one request that lead nowhere. `fingerprint`: of their text; the same as one of the
    /// last few of this client is a browser that keeps a dead cookie and no new guess, and is not counted.
    verdict count_failures(const http::ip_address& client, std::uint32_t count, std::uint32_t fingerprint,
                           mono_time now);

    /// Addresses it has room for: flood.max_addresses in whole sets.
    std::size_t capacity() const noexcept { return entries_.size(); }

  private:
    static constexpr std::size_t ways = 8;

    struct entry {
        std::uint64_t address = 0;
        mono_time began = mono_time::min();  // min: free
        std::uint32_t sessions = 0, failures = 0;
        std::array<std::uint32_t, 4> fingerprints{};  // the last of `failures`, the latest first
    };
    std::size_t set_of(std::uint64_t address) const noexcept;
    entry& find(std::size_t set, std::uint64_t address, mono_time now) noexcept;
    verdict count(std::uint32_t& counted, std::uint32_t n, std::uint32_t limit, const entry& e,
                  mono_time now) const noexcept;

    const flood_params params_;
    const std::uint64_t seed_;
    std::vector<entry> entries_;
    std::array<std::mutex, 16> locks_;  // of the sets, in turn
};

}  // namespace vestibule::server

// How many connections each client address has open, for limits.connections_per_address. Shared by all
// workers, thread-safe; only touched where that limit is on, when a connection begins and ends.
#pragma once

#include "server/address_key.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace vestibule::server {

class address_counts {
  public:
    address_counts();

    /// One more connection of this address. False: it has `limit` of them, and this one is not counted.
    bool add(const http::ip_address& client, std::size_t limit);
    /// One that was counted is over.
    void remove(const http::ip_address& client) noexcept;

    /// Addresses with a connection.
    std::size_t size() const;

  private:
    struct seeded_hash {
        std::uint64_t seed;
        std::size_t operator()(std::uint64_t key) const noexcept { return mixed(key, seed); }
    };
    struct shard {
        explicit shard(std::uint64_t seed) : counts(0, seeded_hash{seed}) {}
        mutable std::mutex lock;
        std::unordered_map<std::uint64_t, std::size_t, seeded_hash>
            counts;  // as many as there are connections
    };
    static constexpr std::size_t shard_count = 16;
    shard& shard_of(std::uint64_t key) noexcept { return shards_[mixed(key, 0) % shard_count]; }

    std::array<shard, shard_count> shards_;
};

}  // namespace vestibule::server

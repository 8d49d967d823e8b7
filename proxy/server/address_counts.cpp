#include "server/address_counts.hpp"

#include <vestibule/base/crypto.hpp>

#include <utility>

namespace vestibule::server {
namespace {

std::uint64_t random_seed() noexcept {
    std::uint64_t seed = 0;
    random_bytes({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
    return seed;
}

template <class Shard, std::size_t... I>
std::array<Shard, sizeof...(I)> make_shards(std::uint64_t seed, std::index_sequence<I...>) {
    return {((void)I, Shard(seed))...};
}

}  // namespace

address_counts::address_counts()
    : shards_(make_shards<shard>(random_seed(), std::make_index_sequence<shard_count>())) {}

bool address_counts::add(const http::ip_address& client, std::size_t limit) {
    const std::uint64_t key = address_key(client);
    shard& s = shard_of(key);
    const std::lock_guard lock(s.lock);
    std::size_t& count = s.counts[key];
    if (count >= limit) return false;
    ++count;
    return true;
}

void address_counts::remove(const http::ip_address& client) noexcept {
    const std::uint64_t key = address_key(client);
    shard& s = shard_of(key);
    const std::lock_guard lock(s.lock);
    const auto found = s.counts.find(key);
    if (found != s.counts.end() && --found->second == 0) s.counts.erase(found);
}

std::size_t address_counts::size() const {
    std::size_t n = 0;
    for (const shard& s : shards_) {
        const std::lock_guard lock(s.lock);
        n += s.counts.size();
    }
    return n;
}

}  // namespace vestibule::server

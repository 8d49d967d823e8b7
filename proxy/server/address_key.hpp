// What limits take for one client: an IPv4 address, or the /64 that one IPv6 customer has (RFC 6177).
#pragma once

#include <vestibule/http/ip_address.hpp>

#include <cstddef>
#include <cstdint>

namespace vestibule::server {

inline std::uint64_t address_key(const http::ip_address& client) noexcept {
    const auto& bytes = client.bytes();
    std::uint64_t key = 0;
    for (std::size_t i = client.is_v4() ? 8 : 0, n = 0; n < 8; ++i, ++n) key = key << 8 | bytes[i];
    return key;
}

/// A hash of keys that nobody can aim at who does not know `seed`: splitmix64's finaliser.
inline std::uint64_t mixed(std::uint64_t key, std::uint64_t seed) noexcept {
    std::uint64_t x = key ^ seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

}  // namespace vestibule::server

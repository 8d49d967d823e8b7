// The slots of a Redis Cluster: of which a key is, who has them, where a refusal points. Pure.
// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/net/connect.hpp>

#include "store/resp.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace vestibule::store {

constexpr std::size_t slot_count = 16384;

/// CRC16 (XMODEM) of the key, or of what stands in its first {...} where that is not empty.
std::uint16_t key_slot(std::string_view key) noexcept;

/// Slots `first` to `last`, both included, and their primary.
struct slot_range {
    std::uint16_t first, last;
    net::endpoint primary;
    bool operator==(const slot_range&) const = default;
};

/// The answer to CLUSTER SLOTS. `asked`: of whom; his host is meant where one gives none of its own.
/// Error: store_protocol, where it is none.
result<std::vector<slot_range>> read_slots(const reply& r, const net::endpoint& asked);

/// "MOVED 3999 host:port" or "ASK 3999 host:port".
struct redirect {
    enum class kind : std::uint8_t { moved, ask } how;
    std::uint16_t slot;
    net::endpoint to;
};
std::optional<redirect> read_redirect(std::string_view refusal, const net::endpoint& asked);

/// What CLUSTER INFO says of whether anything has changed.
struct cluster_info {
    bool ok = false;
    std::uint64_t epoch = 0;
    bool operator==(const cluster_info&) const = default;
};
cluster_info read_cluster_info(std::string_view text);

}  // namespace vestibule::store

#include "config/sections.hpp"

#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

void read_limit(const cursor& at, std::uint32_t& out) {
    std::uint64_t n = out;
    if (read_count_or_zero(at, n, 1, 1'000'000'000)) out = static_cast<std::uint32_t>(n);
}

}  // namespace

void read_flood(const cursor& at, server::flood_params& out) {
    const map_reader m(at);
    read_limit(m["new_sessions"], out.new_sessions);
    read_limit(m["failed_cookies"], out.failed_cookies);
    read_duration(m["window"], out.window, {1s, 24h});
    std::uint64_t addresses = out.max_addresses;
    if (read_count(m["max_addresses"], addresses, 64, 16'777'216)) out.max_addresses = addresses;
}

}  // namespace vestibule::config

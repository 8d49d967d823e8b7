#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <algorithm>
#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kib = 1024, mib = 1024 * kib, tib = mib * mib;
constexpr std::uint64_t most_connections = 10'000'000;

void read_trusted(const cursor& at, std::vector<http::cidr>& out) {
    if (at.absent()) return;
    out.clear();
    for (const auto& item : items_of(at)) {
        std::string text;
        if (!read_text(item, text)) continue;
        const auto range = http::cidr::parse(text);
        if (!range) {
            item.error(item.shown() +
                       " is no address range (like 10.0.0.0/8 or ::1/128, no bits set behind the prefix)");
            continue;
        }
        if (text.ends_with("/0"))
            item.warn("believes X-Forwarded-For of everyone (name the proxies before this one)");
        out.push_back(*range);
    }
}

void read_limits(const cursor& at, server::limit_params& out, upstream::load_params& load) {
    const map_reader m(at);
    const bool head = read_size(m["head"], out.head.bytes, kib, mib);
    read_count(m["headers"], out.head.fields, 1, 10'000);
    const bool target = read_size(m["target"], out.head.target, 64, mib);
    if (m["target"].absent()) out.head.target = std::min(out.head.target, out.head.bytes);
    if (head && target && out.head.target > out.head.bytes)
        m["target"].error("target (" + format_size(out.head.target) + ") is larger than head (" +
                          format_size(out.head.bytes) + "), which holds it");
    read_size_or_none(m["body"], out.body, 1, tib);
    read_count(m["connections"], out.connections, 1, most_connections);
    read_count_or_zero(m["connections_per_address"], out.connections_per_address, 1, most_connections);
    if (!m["connections_per_address"].absent() && out.connections_per_address > out.connections)
        m["connections_per_address"].warn("is more than connections, which is the limit then");
    read_count_or_zero(m["requests"], out.requests, 1, 1'000'000'000);
    std::optional<std::uint64_t> rate = out.min_rate;
    if (read_size_or_none(m["min_rate"], rate, 1, mib)) out.min_rate = rate.value_or(0);
    read_count_or_zero(m["backend_connections"], load.connections, 1, 1'000'000);
    read_count(m["backend_pending"], load.pending, 1, 1'000'000);
    const bool delay = read_duration_or_zero(m["backend_delay"], load.delay, {1ms, 1h});
    if (delay && load.delay > 0ms && load.connections == 0)
        m["backend_delay"].error("needs a limit to wait behind (proxy.limits.backend_connections)");
}

void read_timeouts(const cursor& at, server::timeout_params& out, upstream::upstream_params& backend) {
    const map_reader m(at);
    const duration_range patience{1ms, 24h};
    read_duration_or_zero(m["head"], out.head, patience);
    read_duration_or_zero(m["idle_body"], out.idle_body, patience);
    read_duration_or_zero(m["keep_alive"], out.keep_alive, patience);
    read_duration_or_zero(m["response"], out.response, patience);
    read_duration_or_zero(m["drain"], out.drain, {1ms, 1h});
    read_duration_or_zero(m["tunnel_idle"], out.tunnel_idle, {1ms, 30 * 24h});
    read_duration(m["connect"], backend.connect_timeout, {1ms, 1h});
    read_duration_or_zero(m["pending"], backend.load.wait, patience);
    read_duration_or_zero(m["upstream_idle"], backend.idle_timeout, patience);
}

}  // namespace

void read_proxy(const cursor& at, server::server_params& out) {
    const map_reader m(at);
    read_trusted(m["trusted_proxies"], out.trusted_proxies);
    read_limits(m["limits"], out.limits, out.upstream.load);
    read_timeouts(m["timeouts"], out.timeouts, out.upstream);
    read_choice(m["balance"], out.upstream.balance,
                {{"round_robin", upstream::balance_mode::round_robin},
                 {"least_requests", upstream::balance_mode::least_requests}});
    read_health(m["health"], out.upstream.health);
}

}  // namespace vestibule::config

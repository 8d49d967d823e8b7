#include "config/sections.hpp"

#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

// The URL may hold a password: no message shows it. False where a problem was recorded.
bool read_url(const cursor& at, store::store_url& out) {
    std::string text = "memory:";
    if (!read_text(at, text)) return false;
    std::string why;
    auto url = store::parse_store_url(text, why);
    if (!url) {
        at.error(std::move(why));
        return false;
    }
    out = std::move(*url);
    if (out.kind == store::store_kind::memory)
        at.warn(
            "memory: keeps sessions in this process: they die with it, and no second replica sees them "
            "(redis://host[:port])");
    return true;
}

void read_prefix(const cursor& at, std::string& out) {
    constexpr std::size_t longest = 128;
    std::string prefix = out;
    if (!read_text(at, prefix)) return;
    if (prefix.size() > longest) return at.error("is longer than 128 bytes");
    out = std::move(prefix);
}

// The sentinels have users of their own; those of the URL are of the Redis that they name.
void read_sentinel(const cursor& at, bool sentinels, store::store_params& out) {
    const map_reader m(at);
    const bool user = read_text(m["user"], out.sentinel_user);
    const bool password = read_secret(m["password"], out.sentinel_password);
    if (!user || !password) return;
    if (!sentinels && !out.sentinel_user.empty())
        m["user"].error("has no effect without sentinels (redis+sentinel in store.url)");
    if (!sentinels && !out.sentinel_password.empty())
        m["password"].error("has no effect without sentinels (redis+sentinel in store.url)");
    if (sentinels && !out.sentinel_user.empty() && out.sentinel_password.empty())
        m["user"].error("needs a password as well (store.sentinel.password)");
}

}  // namespace

bool read_failure_policy(const cursor& at, policy::failure_policy& out) {
    return read_choice(
        at, out,
        {{"reject", policy::failure_policy::reject}, {"anonymous", policy::failure_policy::anonymous}});
}

void read_store(const cursor& at, store::store_params& out, server::failure_policy& on_failure) {
    constexpr std::uint64_t mib = 1024 * 1024;
    const map_reader m(at);
    // What was not understood may have been meant with TLS.
    const bool url_known = read_url(m["url"], out.url);
    read_client_tls(m["tls"], out.url.tls || !url_known, "has no effect without TLS (rediss in store.url)",
                    out.url.tls_params);
    read_sentinel(m["sentinel"], out.url.kind == store::store_kind::sentinel || !url_known, out);
    read_prefix(m["prefix"], out.prefix);
    read_duration(m["timeout"], out.timeout, {1ms, 60s});
    read_failure_policy(m["on_failure"], on_failure);
    const map_reader memory(m["memory"]);
    read_size(memory["max_bytes"], out.memory_bytes, mib, mib * mib);
    const map_reader near_cache(m["near_cache"]);
    read_boolean(near_cache["enabled"], out.near_cache.enabled);
    read_size(near_cache["max_bytes"], out.near_cache.max_bytes, mib, mib * mib);
    read_duration(near_cache["max_stale"], out.near_cache.max_stale, {100ms, 60s});
}

}  // namespace vestibule::config

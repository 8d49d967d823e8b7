#include "app/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace vestibule::app {
namespace {

constexpr std::size_t good_secret = 32;            // bytes: what HMAC-SHA256 can use
constexpr auto good_rest = std::chrono::days(30);  // of a certificate: who renews it does so before
constexpr int oldest_redis = 6;                    // SET ... KEEPTTL

bool is_loopback(const std::string& host) {
    return host == "localhost" || host.starts_with("127.") || host == "::1";
}

bool has_tls(const server::server_params& p) {
    return std::ranges::any_of(p.listen, [](const auto& l) { return l.tls.has_value(); });
}

// Of a Sentinel or a Cluster this is where it is asked for; what it names is nobody's guess.
bool is_near(const store::store_url& url) {
    if (!url.seeds.empty())
        return std::ranges::all_of(url.seeds, [](const auto& seed) { return is_loopback(seed.host); });
    return !url.unix_path.empty() || is_loopback(url.host);
}

}  // namespace

std::vector<finding> judge_settings(const config::settings& s, std::size_t descriptor_limit) {
    std::vector<finding> found;
    const auto& session = s.server.session;
    for (std::size_t i = 0; i < session.secrets.size(); ++i)
        if (session.secrets[i].size() < good_secret)
            found.push_back({severity::warning,
                             fmt::format("session.secrets[{}] has {} bytes", i, session.secrets[i].size()),
                             "use 32 random bytes: vestibule keygen"});
    if (session.cookie.secure == server::secure_mode::off)
        found.push_back({severity::warning, "session.cookie.secure is off: the cookie also travels over http",
                         "set it to on, or to auto behind a TLS proxy listed in proxy.trusted_proxies"});
    if (session.cookie.secure == server::secure_mode::automatic && s.server.trusted_proxies.empty() &&
        !has_tls(s.server))
        found.push_back(
            {severity::warning,
             "session.cookie.secure is auto, but nobody's X-Forwarded-Proto is believed: never Secure",
             "list the TLS proxy in proxy.trusted_proxies, or set listen[].tls, or secure: on"});
    if (!session.cookie.http_only)
        found.push_back({severity::warning,
                         "session.cookie.http_only is false: scripts in a page can read the cookie",
                         "leave it true unless a script needs it"});
    if (session.cookie.same_site == http::same_site_mode::none &&
        (s.server.csrf.mode == policy::csrf_mode::off || s.server.csrf.shadow))
        found.push_back(
            {severity::warning,
             "session.cookie.same_site is none: other sites' pages can act with a visitor's session",
             "set csrf.mode to origin, and csrf.allow to the origins that may"});
    if (s.store.url.kind == store::store_kind::memory)
        found.push_back({severity::warning,
                         "store.url is memory: sessions die with the process and are not shared",
                         "use redis:// for more than one replica, and to survive a restart"});
    const std::size_t needed = 2 * s.server.limits.connections + 64;
    if (descriptor_limit < needed)
        found.push_back(
            {severity::warning,
             fmt::format("{} open files are allowed, limits.connections needs {}", descriptor_limit, needed),
             "raise LimitNOFILE (systemd) or --ulimit nofile (containers), or lower limits.connections"});
    if (const unsigned cpus = config::allowed_cpus(); s.workers && *s.workers > cpus)
        found.push_back({severity::warning,
                         fmt::format("workers is {}, {} CPUs are allowed", *s.workers, cpus),
                         "workers: auto takes as many as are allowed"});
    return found;
}

std::optional<finding> judge_certificate(const std::string& where, unix_time until, unix_time now) {
    if (until - now >= good_rest) return std::nullopt;
    const std::string remedy = "renew it; a new file is taken without a restart";
    if (until <= now)
        return finding{severity::critical, "the certificate of " + where + " has expired", remedy};
    const auto days = std::chrono::duration_cast<std::chrono::days>(until - now).count();
    return finding{severity::warning, fmt::format("the certificate of {} expires in {} days", where, days),
                   remedy};
}

std::vector<finding> judge_redis(const store::redis_report& r, const store::store_params& p) {
    std::vector<finding> found;
    if (!r.version.empty() && std::atoi(r.version.c_str()) < oldest_redis)
        found.push_back(
            {severity::critical, "Redis " + r.version + " is too old", "run Redis 6 or later, or Valkey"});
    if (r.role == "slave")
        found.push_back({severity::critical, "this Redis is a replica: it refuses writes and lags behind",
                         "point store.url at the primary"});
    if (r.cluster && p.url.kind == store::store_kind::redis)
        found.push_back({severity::critical,
                         "this Redis is a node of a Cluster and has some of the keys only",
                         "write store.url as redis+cluster://, with a few of the nodes"});
    if (r.maxmemory_policy.starts_with("allkeys") || r.maxmemory_policy.starts_with("volatile"))
        found.push_back(
            {severity::critical,
             "maxmemory-policy " + r.maxmemory_policy + " drops live sessions when memory is full",
             "set maxmemory-policy noeviction and watch the memory"});
    if (!r.version.empty() && !r.append_only)
        found.push_back({severity::warning,
                         "appendonly is off: sessions since the last snapshot die with Redis",
                         "set appendonly yes where logins must survive a restart"});
    if (r.clock_ahead && std::chrono::abs(*r.clock_ahead) > seconds(5))
        found.push_back({severity::warning,
                         fmt::format("the clock of Redis is {} s off ours", r.clock_ahead->count() / 1000),
                         "run NTP on both: absolute timeouts compare clocks"});
    if (r.latency * 5 > p.timeout)
        found.push_back({severity::warning,
                         fmt::format("a round trip took {} ms, store.timeout is {} ms", r.latency.count(),
                                     p.timeout.count()),
                         "bring Redis nearer, or raise store.timeout"});
    const bool local = is_near(p.url);
    if (!local && !p.url.tls)
        found.push_back({severity::warning, "sessions travel to Redis unencrypted",
                         "use rediss://, or a private network"});
    if (!local && p.url.password.empty())
        found.push_back(
            {severity::critical, "Redis lets anybody in without a password",
             "set a password (requirepass or ACL) and put it into store.url from the environment"});
    return found;
}

finding judge_backend(const upstream::endpoint_params& p, error_code why, const std::string& problem) {
    std::string remedy = "is it up, does it listen there, may this host reach it?";
    if (p.tls && !problem.empty())
        remedy =
            "name its authority in backends[].tls.ca, and the name in its certificate in tls.server_name";
    else if (why == errc::connect_timeout)
        remedy = "is the address right, does a firewall drop the packets? (proxy.timeouts.connect)";
    return {severity::critical, "backend " + p.url + ": " + (problem.empty() ? why.message() : problem),
            std::move(remedy)};
}

std::string to_string(const finding& f) {
    if (f.level == severity::fine) return "ok: " + f.what + "\n";
    return fmt::format("{}: {}\n  remedy: {}\n", f.level == severity::critical ? "CRITICAL" : "warning",
                       f.what, f.remedy);
}

}  // namespace vestibule::app

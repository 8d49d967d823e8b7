#include "config/schema.hpp"

#include "config/text_form.hpp"

#include <algorithm>
#include <array>

namespace vestibule::config {
namespace {

constexpr known_key top[] = {
    {"listen"}, {"admin"},  {"workers"}, {"backends"}, {"proxy"},     {"session"},
    {"store"},  {"inject"}, {"routes"},  {"log"},      {"capture"},   {"backend_control"},
    {"vault"},  {"csrf"},   {"cors"},    {"flood"},    {"assertion"},
};
constexpr known_key listener[] = {{"address"}, {"tls"}, {"proxy_protocol"}};
constexpr known_key proxy_protocol[] = {{"from"}};
constexpr known_key listener_tls[] = {
    {"certificate"}, {"key"}, {"ocsp"}, {"more"}, {"min_version"}, {"client_certificate"}, {"client_ca"},
};
constexpr known_key more_tls[] = {{"certificate"}, {"key"}, {"ocsp"}};
constexpr known_key admin[] = {{"address"}, {"token"}};
constexpr known_key backend[] = {{"url"}, {"weight"}, {"tls"}};
constexpr known_key backend_tls[] = {
    {"ca"}, {"certificate"}, {"key"}, {"server_name"}, {"min_version"}, {"verify"},
};
constexpr known_key proxy[] = {{"trusted_proxies"}, {"limits"}, {"timeouts"}, {"balance"}, {"health"}};
constexpr known_key limits[] = {
    {"head"},
    {"headers"},
    {"target"},
    {"body"},
    {"connections"},
    {"connections_per_address"},
    {"requests"},
    {"min_rate"},
    {"backend_connections"},
    {"backend_pending"},
    {"backend_delay"},
};
constexpr known_key health[] = {{"failures"}, {"ejection"}, {"max_ejection"}, {"check"}};
constexpr known_key check[] = {{"path"}, {"interval"}, {"timeout"}, {"healthy"}, {"unhealthy"}, {"status"}};
constexpr known_key timeouts[] = {
    {"head"},          {"idle_body"},   {"keep_alive"}, {"connect"}, {"response"},
    {"upstream_idle"}, {"tunnel_idle"}, {"pending"},    {"drain"},
};
constexpr known_key session[] = {
    {"secrets"},    {"handle_key"},       {"cookie"},         {"idle_timeout"},
    {"idle_limit"}, {"absolute_timeout"}, {"touch_interval"}, {"anonymous_lifetime"},
    {"user"},       {"renew_id"},         {"renew_grace"},    {"max_per_user"},
    {"tombstone"},
};
constexpr known_key max_per_user[] = {{"count"}, {"on_excess"}};
constexpr known_key secret[] = {{"file"}};
constexpr known_key cookie[] = {
    {"name"},      {"path"},    {"domain"},      {"http_only"}, {"secure"},
    {"same_site"}, {"max_age"}, {"partitioned"}, {"forward"},
};
constexpr known_key store[] = {
    {"url"}, {"tls"}, {"sentinel"}, {"prefix"}, {"timeout"}, {"on_failure"}, {"memory"}, {"near_cache"},
};
constexpr known_key store_tls[] = {{"ca"}, {"certificate"}, {"key"}, {"server_name"}, {"min_version"}};
constexpr known_key sentinel[] = {{"user"}, {"password"}};
constexpr known_key memory[] = {{"max_bytes"}};
constexpr known_key near_cache[] = {{"enabled"}, {"max_bytes"}, {"max_stale"}};
constexpr known_key inject[] = {{"state"}, {"id"}, {"client_subject"}, {"remaining"}, {"headers"}};
constexpr known_key remaining[] = {{"idle"}, {"absolute"}, {"renewal"}};
constexpr known_key assertion[] = {
    {"enabled"},  {"header"},  {"algorithm"},       {"keys"}, {"issuer"}, {"audience"},
    {"lifetime"}, {"subject"}, {"method_and_path"},
};
constexpr known_key route[] = {{"match"}, {"session"}, {"require"}, {"deny"}, {"on_failure"}};
constexpr known_key match[] = {{"path"}, {"methods"}, {"host"}};
constexpr known_key deny[] = {{"status"}, {"redirect"}};
constexpr known_key capture[] = {{"on"}, {"set"}, {"destroy"}, {"regenerate"}};
constexpr known_key capture_on[] = {{"method"}, {"path"}, {"status"}};
constexpr known_key backend_control[] = {{"enabled"}, {"allow"}};
constexpr known_key csrf[] = {{"mode"}, {"allow"}, {"shadow"}};
constexpr known_key cors[] = {
    {"allow_origins"}, {"allow_methods"}, {"allow_headers"}, {"expose_headers"}, {"credentials"}, {"max_age"},
};
constexpr known_key flood[] = {{"new_sessions"}, {"failed_cookies"}, {"window"}, {"max_addresses"}};
constexpr known_key vault[] = {{"cookies"}};
constexpr known_key log[] = {{"level"}, {"access"}, {"sessions"}, {"format"}};

constexpr known_map maps[] = {
    {"", top},
    {"listen[]", listener},
    {"listen[].proxy_protocol", proxy_protocol},
    {"listen[].tls", listener_tls},
    {"listen[].tls.more[]", more_tls},
    {"admin", admin},
    {"admin.token", secret},
    {"backends[]", backend},
    {"backends[].tls", backend_tls},
    {"proxy", proxy},
    {"proxy.limits", limits},
    {"proxy.timeouts", timeouts},
    {"proxy.health", health},
    {"proxy.health.check", check},
    {"session", session},
    {"session.secrets[]", secret},
    {"session.handle_key", secret},
    {"session.cookie", cookie},
    {"session.max_per_user", max_per_user},
    {"store", store},
    {"store.tls", store_tls},
    {"store.sentinel", sentinel},
    {"store.sentinel.password", secret},
    {"store.memory", memory},
    {"store.near_cache", near_cache},
    {"inject", inject},
    {"inject.remaining", remaining},
    {"assertion", assertion},
    {"assertion.keys[]", secret},
    {"routes[]", route},
    {"routes[].match", match},
    {"routes[].deny", deny},
    {"capture[]", capture},
    {"capture[].on", capture_on},
    {"backend_control", backend_control},
    {"csrf", csrf},
    {"cors", cors},
    {"flood", flood},
    {"vault", vault},
    {"log", log},
};

/// Edits (insert, delete, replace, swap of neighbours) from a to b.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before, last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
    }
    return last[b.size()];
}

std::vector<std::string_view> names_of(const known_map& map) {
    std::vector<std::string_view> names;
    for (const auto& k : map.keys) names.push_back(k.name);
    return names;
}

}  // namespace

std::span<const known_map> known_maps() noexcept {
    return maps;
}

const known_map* find_known_map(std::string_view path) {
    std::string pattern;
    bool index = false;
    for (const char c : path) {
        if (c == ']') index = false;
        if (!index) pattern += c;
        if (c == '[') index = true;
    }
    const auto found =
        std::find_if(std::begin(maps), std::end(maps), [&](const auto& m) { return m.path == pattern; });
    return found == std::end(maps) ? nullptr : found;
}

const known_key* find_key(const known_map& map, std::string_view name) noexcept {
    const auto found =
        std::find_if(map.keys.begin(), map.keys.end(), [&](const auto& k) { return k.name == name; });
    return found == map.keys.end() ? nullptr : &*found;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& candidates) {
    if (word.size() > 40) return std::nullopt;
    std::size_t best = word.size() <= 3 ? 2 : word.size() <= 8 ? 3 : 4;  // one past what is near enough
    std::optional<std::string_view> found;
    for (const auto c : candidates) {
        const auto d = distance(word, c);
        if (d >= best || d >= c.size()) continue;
        best = d;
        found = c;
    }
    return found;
}

std::string right_key(const known_map& map, std::string_view unknown) {
    const auto here = names_of(map);
    if (const auto near = nearest(unknown, here)) return "did you mean \"" + std::string(*near) + "\"?";
    for (const auto& other : maps)
        if (find_key(other, unknown))
            return "did you mean " + join_path(std::string(other.path), unknown) + "?";
    std::string list = "known here: ";
    for (const auto name : here) list.append(list.ends_with(' ') ? "" : ", ").append(name);
    return list;
}

}  // namespace vestibule::config

#include "support.hpp"

#include "certificates.hpp"

#include <boost/asio/ip/address.hpp>

#include <sstream>

namespace vestibule::config {
namespace {

class writer {
  public:
    template <class T>
    void operator()(const char* name, const T& value) {
        out_ << name << " = ";
        put(value);
        out_ << '\n';
    }
    std::string text() const { return out_.str(); }

  private:
    void put(const std::string& v) { out_ << '"' << v << '"'; }
    void put(milliseconds v) { out_ << v.count() << "ms"; }
    void put(const session::json_pointer& v) { put(v.text()); }
    template <class T>
    requires std::is_arithmetic_v<T>
    void put(T v) { out_ << +v; }
    template <class T>
    requires std::is_enum_v<T>
    void put(T v) { out_ << static_cast<int>(v); }
    template <class T>
    void put(const std::optional<T>& v) {
        if (!v) out_ << "none";
        if (v) put(*v);
    }
    template <class T>
    void put(const std::vector<T>& v) {
        out_ << '[';
        for (const auto& one : v) {
            out_ << (&one == v.data() ? "" : " ");
            put(one);
        }
        out_ << ']';
    }
    void put(const server::listen_params& v) {
        const auto& [address, host, port, unix_path, proxy_protocol, tls] = v;
        const auto& [on, from, from_unix] = proxy_protocol;
        out_ << address << '|' << host << '|' << port << '|' << unix_path;
        if (tls) put(*tls);
        if (on) out_ << "|proxied" << (from_unix ? " unix " : " ");
        if (on) put(from);
    }
    void put(const net::tls_server_params& v) {
        const auto& [identities, min_version, clients, client_ca] = v;
        out_ << '|';
        put(identities);
        out_ << static_cast<int>(min_version) << static_cast<int>(clients) << client_ca;
    }
    void put(const net::tls_identity_params& v) {
        const auto& [certificate, key, ocsp] = v;
        out_ << certificate << ',' << key << ',' << ocsp;
    }
    // A range tells nothing but what it contains.
    void put(const http::cidr& v) {
        for (const char* a :
             {"127.0.0.1", "127.255.255.255", "128.0.0.0", "::1", "::2", "10.0.0.1", "10.1.2.3", "192.0.2.7"})
            out_ << v.contains(boost::asio::ip::make_address(a));
    }
    void put(const store::store_address& v) {
        const auto& [host, port] = v;
        out_ << host << ':' << port;
    }
    void put(const server::injected_header& v) {
        const auto& [name, pointer] = v;
        out_ << name << ':';
        put(pointer);
    }
    void put(const policy::requirement& v) {
        const auto& [pointer, present, any_of] = v;
        put(pointer);
        out_ << present;
        put(any_of);
    }
    void put(const std::vector<server::capture_rule>& v) {
        out_ << v.size();
        for (const auto& [path, methods, status, set, end, regenerate] : v) {
            out_ << "\n  " << path << ' ' << static_cast<int>(end) << ' ' << regenerate << ' ';
            put(methods);
            for (const auto& [first, last] : status)
                out_ << (&first == &status[0].first ? "" : " ") << first << '-' << last;
            for (const auto& [at, source] : set) {
                out_ << ' ';
                put(at);
                out_ << '<' << static_cast<int>(source.from) << source.name;
            }
        }
    }
    void put(const std::vector<policy::route_params>& v) {
        out_ << v.size();
        for (const auto& route : v) put(route);
    }
    void put(const policy::route_params& v) {
        const auto& [path, methods, host, session, require, deny, on_failure] = v;
        const auto& [status, redirect] = deny;
        out_ << "\n  " << path << ' ' << host << ' ' << static_cast<int>(session) << ' ' << status << ' ';
        put(redirect);
        put(methods);
        put(require);
        if (on_failure) out_ << " on_failure " << static_cast<int>(*on_failure);
    }

    std::ostringstream out_;
};

void describe(writer& w, const server::session_params& p) {
    const auto& [secrets, handle_key, cookie, life, told_user, max_per_user, on_failure] = p;
    w("secrets", secrets);
    w("handle_key", handle_key);
    w("on_failure", on_failure);
    const auto& [name, path, domain, http_only, secure, same_site, max_age, partitioned, forward] = cookie;
    w("cookie.name", name);
    w("cookie.path", path);
    w("cookie.domain", domain);
    w("cookie.http_only", http_only);
    w("cookie.secure", secure);
    w("cookie.same_site", same_site);
    w("cookie.max_age", max_age);
    w("cookie.partitioned", partitioned);
    w("cookie.forward", forward);
    const auto& [idle_timeout, idle_limit, absolute_timeout, touch_interval, anonymous_lifetime, renew_id,
                 renew_grace, user] = life;
    w("idle_timeout", idle_timeout);
    w("idle_limit", idle_limit);
    w("absolute_timeout", absolute_timeout);
    w("touch_interval", touch_interval);
    w("anonymous_lifetime", anonymous_lifetime);
    w("renew_id", renew_id);
    w("renew_grace", renew_grace);
    w("user", user);
    w("told_user", told_user);
    const auto& [count, evict] = max_per_user;
    w("max_per_user.count", count);
    w("max_per_user.evict", evict);
}

void describe(writer& w, const server::limit_params& p) {
    const auto& [head, body, connections, connections_per_address, requests, min_rate] = p;
    const auto& [bytes, fields, target] = head;
    w("limits.head", bytes);
    w("limits.headers", fields);
    w("limits.target", target);
    w("limits.body", body);
    w("limits.connections", connections);
    w("limits.connections_per_address", connections_per_address);
    w("limits.requests", requests);
    w("limits.min_rate", min_rate);
}

void describe(writer& w, const server::timeout_params& p) {
    const auto& [head, idle_body, keep_alive, response, tunnel_idle, drain] = p;
    w("timeouts.head", head);
    w("timeouts.idle_body", idle_body);
    w("timeouts.keep_alive", keep_alive);
    w("timeouts.response", response);
    w("timeouts.tunnel_idle", tunnel_idle);
    w("timeouts.drain", drain);
}

void describe(writer& w, const server::assertion_params& p) {
    const auto& [enabled, header, algorithm, keys, issuer, audience, lifetime, subject, method_and_path] = p;
    w("assertion.enabled", enabled);
    w("assertion.header", header);
    w("assertion.algorithm", algorithm);
    w("assertion.keys", keys);
    w("assertion.issuer", issuer);
    w("assertion.audience", audience);
    w("assertion.lifetime", lifetime);
    w("assertion.subject", subject);
    w("assertion.method_and_path", method_and_path);
}

void describe(writer& w, const std::string& whose, const net::tls_client_params& p) {
    const auto& [ca, certificate, key, server_name, min_version, verify] = p;
    w((whose + ".tls.ca").c_str(), ca);
    w((whose + ".tls.certificate").c_str(), certificate);
    w((whose + ".tls.key").c_str(), key);
    w((whose + ".tls.server_name").c_str(), server_name);
    w((whose + ".tls.min_version").c_str(), min_version);
    w((whose + ".tls.verify").c_str(), verify);
}

void describe(writer& w, const upstream::upstream_params& p) {
    const auto& [backends, balance, connect_timeout, idle_timeout, health, load] = p;
    for (const auto& [url, host, port, unix_path, weight, tls, tls_params] : backends) {
        w("backend.url", url);
        w("backend.host", host);
        w("backend.port", port);
        w("backend.unix_path", unix_path);
        w("backend.weight", weight);
        w("backend.tls", tls);
        describe(w, "backend", tls_params);
    }
    w("balance", balance);
    w("timeouts.connect", connect_timeout);
    w("timeouts.upstream_idle", idle_timeout);
    const auto& [failures, ejection, max_ejection, check] = health;
    w("health.failures", failures);
    w("health.ejection", ejection);
    w("health.max_ejection", max_ejection);
    const auto& [path, interval, timeout, healthy, unhealthy, status] = check;
    w("health.check.path", path);
    w("health.check.interval", interval);
    w("health.check.timeout", timeout);
    w("health.check.healthy", healthy);
    w("health.check.unhealthy", unhealthy);
    for (const auto& [first, last] : status) w("health.check.status", first * 1000 + last);
    const auto& [connections, pending, wait, delay] = load;
    w("limits.backend_connections", connections);
    w("limits.backend_pending", pending);
    w("timeouts.pending", wait);
    w("limits.backend_delay", delay);
}

void describe(writer& w, const server::server_params& p) {
    const auto& [listen, trusted_proxies, limits, timeouts, session, inject, capture, control, assertion,
                 vault, policy, csrf, cors, flood, upstream] = p;
    w("listen", listen);
    w("trusted_proxies", trusted_proxies);
    describe(w, limits);
    describe(w, timeouts);
    describe(w, session);
    const auto& [state, id, client_subject, remaining, headers] = inject;
    w("inject.state", state);
    w("inject.id", id);
    w("inject.client_subject", client_subject);
    const auto& [idle_left, absolute_left, renewal_left] = remaining;
    w("inject.remaining.idle", idle_left);
    w("inject.remaining.absolute", absolute_left);
    w("inject.remaining.renewal", renewal_left);
    w("inject.headers", headers);
    w("capture", capture);
    const auto& [control_enabled, control_allow] = control;
    w("control.enabled", control_enabled);
    w("control.allow", control_allow);
    describe(w, assertion);
    const auto& [vault_cookies, vault_all] = vault;
    w("vault.cookies", vault_cookies);
    w("vault.all", vault_all);
    const auto& [routes] = policy;
    w("routes", routes);
    const auto& [mode, allow, shadow] = csrf;
    w("csrf.mode", mode);
    w("csrf.allow", allow);
    w("csrf.shadow", shadow);
    const auto& [allow_origins, allow_methods, allow_headers, expose_headers, credentials, max_age] = cors;
    w("cors.allow_origins", allow_origins);
    w("cors.allow_methods", allow_methods);
    w("cors.allow_headers", allow_headers);
    w("cors.expose_headers", expose_headers);
    w("cors.credentials", credentials);
    w("cors.max_age", max_age);
    const auto& [new_sessions, failed_cookies, window, max_addresses] = flood;
    w("flood.new_sessions", new_sessions);
    w("flood.failed_cookies", failed_cookies);
    w("flood.window", window);
    w("flood.max_addresses", max_addresses);
    describe(w, upstream);
}

void describe(writer& w, const store::store_params& p) {
    const auto& [url, sentinel_user, sentinel_password, prefix, timeout, memory_bytes, near_cache, tombstone,
                 max_waiting] = p;
    const auto& [enabled, max_bytes, max_stale] = near_cache;
    const auto& [kind, tls, host, port, unix_path, seeds, service, user, password, database, tls_params] =
        url;
    w("store.kind", kind);
    w("store.tls", tls);
    w("store.host", host);
    w("store.port", port);
    w("store.unix_path", unix_path);
    w("store.seeds", seeds);
    w("store.service", service);
    w("store.user", user);
    w("store.password", password);
    w("store.database", database);
    describe(w, "store", tls_params);
    w("store.sentinel.user", sentinel_user);
    w("store.sentinel.password", sentinel_password);
    w("store.prefix", prefix);
    w("store.timeout", timeout);
    w("store.memory_bytes", memory_bytes);
    w("store.near_cache.enabled", enabled);
    w("store.near_cache.max_bytes", max_bytes);
    w("store.near_cache.max_stale", max_stale);
    w("store.tombstone", milliseconds(tombstone));
    w("store.max_waiting", max_waiting);
}

}  // namespace

void write_tls_files(const std::string& directory) {
    const test::certificate_authority ca;
    const auto own = ca.issue("DNS:vestibule"), other = ca.issue("DNS:other");
    test::write_file(directory + "/ca.pem", ca.certificate());
    test::write_file(directory + "/cert.pem", own.certificate);
    test::write_file(directory + "/key.pem", own.key);
    test::write_file(directory + "/ocsp.der", ca.ocsp(own.certificate));
    test::write_file(directory + "/other_key.pem", other.key);
    test::write_file(directory + "/other_ocsp.der", ca.ocsp(other.certificate));
    test::write_file(directory + "/text.pem", "not what it seems\n");
}

std::string describe(const settings& s) {
    writer w;
    const auto& [server, store, admin, log, workers] = s;
    describe(w, server);
    describe(w, store);
    const auto& [host, port, enabled, token] = admin;
    w("admin.host", host);
    w("admin.port", port);
    w("admin.enabled", enabled);
    w("admin.token", token);
    const auto& [min_level, access, sessions, style] = log;
    w("log.level", min_level);
    w("log.access", access);
    w("log.sessions", sessions);
    w("log.format", style);
    w("workers", workers);
    return w.text();
}

}  // namespace vestibule::config

#include "config/addresses.hpp"
#include "config/sections.hpp"

#include <algorithm>

namespace vestibule::config {
namespace {

// An address that was not understood is empty here, and in nobody's way.
host_port bound(const server::listen_params& l) {
    return {l.host, l.port};
}

/// The element, or the list where its default counts.
cursor place(const cursor& list, std::size_t index) {
    return list.absent() ? list : list.item(index);
}

void check_listeners(const map_reader& root, const settings& s) {
    const auto& all = s.server.listen;
    const auto collide = [](const server::listen_params& a, const server::listen_params& b) {
        return a.unix_path.empty() ? b.unix_path.empty() && addresses_collide(bound(a), bound(b))
                                   : a.unix_path == b.unix_path;
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j)
            if (collide(all[i], all[j]))
                place(root["listen"], i)
                    .error("takes the address of listen[" + std::to_string(j) + "] (a port of its own)");
        if (s.admin.enabled && all[i].unix_path.empty() &&
            addresses_collide(bound(all[i]), {s.admin.host, s.admin.port}))
            root["admin"].error("takes the address of listen[" + std::to_string(i) +
                                "] (a port of its own, or off)");
    }
}

void check_backends(const map_reader& root, const settings& s) {
    const auto is = [](const upstream::endpoint_params& backend, const server::listen_params& l) {
        return backend.unix_path.empty()
                   ? l.unix_path.empty() && reaches({backend.host, backend.port}, bound(l))
                   : backend.unix_path == l.unix_path;
    };
    const auto& all = s.server.upstream.backends;
    for (std::size_t i = 0; i < all.size(); ++i)
        for (const auto& l : s.server.listen)
            if (is(all[i], l))
                place(root["backends"], i).error("is an address that vestibule itself listens on");
}

void check_cookie(const map_reader& root, const settings& s) {
    if (s.server.session.cookie.secure != server::secure_mode::off) return;
    for (const auto& l : s.server.listen) {
        if (!l.unix_path.empty() || l.host.empty() || is_loopback(l.host)) continue;
        root["session"].key("cookie").key("secure").warn(
            "the cookie is sent over plain http as well (auto, or on)");
        return;
    }
}

// A key of HS256 is in the backend's hands, too.
void check_assertion(const map_reader& root, const settings& s) {
    const auto& assertion = s.server.assertion;
    if (assertion.enabled && assertion.algorithm == signing_algorithm::eddsa && !s.admin.enabled)
        root["admin"].warn(
            "is off, so that nobody can fetch the keys that verify assertions (the JWKS there)");
    if (assertion.algorithm != signing_algorithm::hs256) return;
    for (const auto& secret : s.server.session.secrets)
        if (std::find(assertion.keys.begin(), assertion.keys.end(), secret) != assertion.keys.end())
            root["assertion"].key("keys").error(
                "has a secret of session.secrets, so that the backend could sign cookies (a key of its own)");
}

void check_vault(const map_reader& root, const settings& s) {
    if (s.server.vault.cookies.empty() && !s.server.vault.all) return;
    const auto& routes = s.server.policy.routes;
    for (std::size_t i = 0; i < routes.size(); ++i)
        if (routes[i].session == policy::session_mode::required && routes[i].require.empty())
            root["routes"].item(i).warn(
                "lets in whoever has a session, as everybody has to whom the backend set a cookie of the "
                "vault "
                "(require: {/user/id: present})");
}

bool is_on_the_way(const session::json_pointer& a, const session::json_pointer& b) {
    const auto size = static_cast<std::ptrdiff_t>(std::min(a.tokens().size(), b.tokens().size()));
    return std::equal(a.tokens().begin(), a.tokens().begin() + size, b.tokens().begin());
}

// Who logs in under a member that is not known as such keeps a sid that somebody may have planted.
void check_captured_user(const map_reader& root, const settings& s) {
    const auto& user = s.server.session.life.user;
    if (!user || s.server.control.enabled) return;
    bool any = false;
    for (const auto& rule : s.server.capture)
        for (const auto& set : rule.set) {
            if (is_on_the_way(set.at, *user)) return;
            any = true;
        }
    if (any)
        root["capture"].warn(
            "sets nothing at session.user (" + user->text() +
            "): a login that sets another member gets no new sid (session.user: that member; "
            "right where another application logs in)");
}

// Nobody is asked who he is.
void check_client_subject(const map_reader& root, const settings& s) {
    if (s.server.inject.client_subject.empty()) return;
    for (const auto& l : s.server.listen)
        if (l.tls && l.tls->clients != net::client_certificates::off) return;
    root["inject"]
        .key("client_subject")
        .warn(
            "is never sent: no listener asks for certificates of clients "
            "(listen[].tls.client_certificate)");
}

// There is no such end.
void check_remaining(const map_reader& root, const settings& s) {
    const auto& remaining = s.server.inject.remaining;
    const auto& life = s.server.session.life;
    const auto at = [&](const char* name) { return root["inject"].key("remaining").key(name); };
    if (!remaining.absolute.empty() && !life.absolute_timeout)
        at("absolute").warn("is never sent: session.absolute_timeout is off");
    if (!remaining.renewal.empty() && !life.renew_id)
        at("renewal").warn("is never sent: session.renew_id is off");
}

}  // namespace

void check_across(const map_reader& root, const settings& s) {
    check_listeners(root, s);
    check_backends(root, s);
    check_cookie(root, s);
    check_assertion(root, s);
    check_vault(root, s);
    check_captured_user(root, s);
    check_client_subject(root, s);
    check_remaining(root, s);
}

}  // namespace vestibule::config

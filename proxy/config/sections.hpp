// One function a section, each in a file of its own: reads what stands at `at` into the params, checks
// the rules within the section, and leaves defaults where keys are absent.
#pragma once

#include "config/header_names.hpp"
#include "config/reader.hpp"

#include <vestibule/config/config.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vestibule::config {

void read_listen(const cursor& at, std::vector<server::listen_params>& out);
/// listen[].proxy_protocol; the address has been read.
void read_proxy_protocol(const cursor& at, server::listen_params& out);
/// The files are read, and what is wrong with them is told.
void read_listen_tls(const cursor& at, std::optional<net::tls_server_params>& out);
void read_admin(const cursor& at, admin::admin_params& out);
void read_workers(const cursor& at, std::optional<unsigned>& out);
void read_log(const cursor& at, log::params& out);
void read_backends(const cursor& at, upstream::upstream_params& out);

/// trusted_proxies, limits, timeouts: of clients and of the backends; balance.
void read_proxy(const cursor& at, server::server_params& out);

/// When a backend gets no requests.
void read_health(const cursor& at, upstream::health_params& out);

/// `tombstone` is a key of the session, but decides what the store keeps.
void read_session(const cursor& at, server::session_params& out, std::chrono::seconds& tombstone);
void read_cookie(const cursor& at, server::cookie_params& out);

/// One secret: text, or {file: path}. False where a problem was recorded.
bool read_secret(const cursor& at, std::string& out);

/// reject or anonymous, of the store or of a route.
bool read_failure_policy(const cursor& at, policy::failure_policy& out);

/// `on_failure` is a key of the store, but decides what the server does.
void read_store(const cursor& at, store::store_params& out, server::failure_policy& on_failure);

/// `tls`: whether the URL has it; `no_effect`: what to say where it has not. The files are read, and what is
/// wrong with them is told.
void read_client_tls(const cursor& at, bool tls, const std::string& no_effect, net::tls_client_params& out);

void read_capture(const cursor& at, std::vector<server::capture_rule>& out);
void read_backend_control(const cursor& at, server::control_params& out);

/// `session_cookie`: its name, which the vault may not have.
void read_vault(const cursor& at, const std::string& session_cookie, server::vault_params& out);

/// `names`: of all sections that set headers for the backend.
void read_inject(const cursor& at, server::inject_params& out, name_judge& names);
void read_assertion(const cursor& at, server::assertion_params& out, name_judge& names);

void read_routes(const cursor& at, policy::policy_params& out);

void read_csrf(const cursor& at, policy::csrf_params& out);
void read_cors(const cursor& at, policy::cors_params& out);
void read_flood(const cursor& at, server::flood_params& out);

/// What no section sees alone: addresses that collide, a backend that is this proxy, a lax cookie in a
/// wide world, a secret that is told to the backend, a route that the vault opens. `root`: the whole file.
void check_across(const map_reader& root, const settings& s);

}  // namespace vestibule::config

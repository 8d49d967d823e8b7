// One configuration, made ready for the data path: immutable, shared by all workers, replaced as a
// whole on reload.
#pragma once

#include "server/assertion.hpp"
#include "server/flood_table.hpp"
#include "server/vault.hpp"

#include <vestibule/http/field_names.hpp>
#include <vestibule/http/origin.hpp>
#include <vestibule/policy/cors.hpp>
#include <vestibule/policy/policy.hpp>
#include <vestibule/server/server_params.hpp>
#include <vestibule/session/cookie_value.hpp>
#include <vestibule/session/sid.hpp>

#include <memory>
#include <optional>

namespace vestibule::server {

struct site {
    /// `before`: the one it replaces, whose counts go on.
    explicit site(server_params p, const site* before = nullptr);

    const std::uint64_t number;  // of all there ever were, from 1 on

    server_params params;
    session::signer signer;
    session::handle_maker make_handle;
    policy::route_table routes;
    std::optional<asserter> assertion;  // nothing: off
    http::name_set control;             // fields of the backend that never reach the client, by equivalence
    vault_names vault;
    bool has_effects;         // answers may change sessions
    http::name_set stripped;  // client fields that never reach the backend, by equivalence
    policy::cors_table cors;
    http::origin_set csrf_allow;         // whose pages may act as the visitor: cors' too, if with credentials
    http::origin_set csrf_allow_nobody;  // with a request that brings none, so that they act as nobody
    bool guarded;                        // by CORS or CSRF
    std::shared_ptr<flood_table> flood;  // null: off. Not immutable, but thread-safe
};

}  // namespace vestibule::server

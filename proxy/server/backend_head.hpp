// The request head as the backend gets it. Pure.
#pragma once

#include "server/site.hpp"

#include <vestibule/http/framing.hpp>
#include <vestibule/http/path.hpp>

#include <span>
#include <string>

namespace vestibule::server {

/// What goes to the backend beside the client's cookies: those of the session's vault, in order, with what
/// tells which of them.
struct cookies_to_go {
    std::span<const session::vault_cookie> vault{};
    std::string_view path{};  // asked for
    unix_time now{};
    std::string_view session{};  // the value of the session cookie, where the client's is that of another sid
};

/// What the head is made of.
struct backend_head_parts {
    const http::request_head& head;
    const http::normal_target& target;
    http::body_framing framing;
    const http::client_facts& client;
    std::string_view peer;        // address of the connection's other end, text
    std::string_view request_id;  // passed on or created
    std::string_view traceparent;
    std::string_view injected;          // finished session header lines
    std::string_view remaining{};       // the same, of its times
    std::string_view assertion{};       // the same, proof of them
    std::string_view client_subject{};  // of the client's certificate, as text; empty: none
    cookies_to_go cookies{};
    bool upgrade = false;       // the client asks for an upgrade that may pass
    bool plain_answer = false;  // the answer has to be readable here: whole, not coded
};

/// Whether the request asks for a protocol upgrade that is passed on: HTTP/1.1, no body, nominated by
/// Connection, and not h2c (RFC 9113 dropped it; it is only good for walking around a proxy).
bool asks_for_upgrade(const http::request_head& head, const http::body_framing& framing);

/// Writes the whole head into `out` (cleared first): hop-by-hop fields and what Connection nominates
/// removed (RFC 9110 7.6.1), session and forwarding headers replaced, our own cookie and what the client has
/// no say in taken out of Cookie and the vault's put in, framing written from `framing` alone.
void build_backend_head(std::string& out, const site& s, const backend_head_parts& p);

/// Appends the Cookie value as the backend gets it: all lines as one (RFC 9113 8.2.3 wants "; " between
/// crumbs), without our own cookie and those of the vault's names; behind them what the vault has.
void append_cookies(std::string& out, const site& s, const http::field_list& head, const cookies_to_go& more);

/// Appends the trailer fields that may pass to either side: no framing, routing, authentication, cookie
/// or connection fields, and none that `stripped` has.
void append_trailers(std::string& out, const http::field_list& trailers, const http::name_set& stripped);

/// Appends a Trailer line with the names of those announced in `fields` that may pass, or nothing.
void append_announced_trailers(std::string& out, const http::field_list& fields,
                               const http::name_set& stripped);

/// Whether a field belongs to the connection and not to the message.
bool is_hop_by_hop(const http::field& f) noexcept;

/// Whether a Connection field of the message nominates `name` for removal.
bool is_nominated(const http::field_list& fields, std::string_view name) noexcept;

}  // namespace vestibule::server

// X-Forwarded-*, Forwarded, X-Request-Id and traceparent: what the client says is believed only where
// the peer is a trusted proxy.
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/http/head.hpp>
#include <vestibule/http/ip_address.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::http {

/// An address range in CIDR notation. IPv4-mapped IPv6 addresses are compared as IPv4; no range holds
/// addresses of both families.
class cidr {
  public:
    /// "10.0.0.0/8", "::1/128", or a single address. Error: invalid_argument (host bits set, too).
    static result<cidr> parse(std::string_view text);
    bool contains(const ip_address& a) const noexcept;

  private:
    ip_address network_;
    unsigned bits_ = 0;  // of the sixteen bytes
};

/// Who sent a request, after believing trusted proxies and nobody else.
struct client_facts {
    std::optional<ip_address> address;  // of the client; nothing: the peer is one on a unix socket
    bool https = false;                 // own TLS, or X-Forwarded-Proto from a trusted peer
    bool peer_trusted = false;
};

/// The client is the right-most address of X-Forwarded-For that is not trusted, where the peer is.
/// `peer` unset (is_unspecified) stands for a unix socket, which is trusted like loopback where
/// 127.0.0.0/8 is in `trusted`. An entry that is no address ends the search at the last good one.
void find_client(const field_list& fields, const ip_address& peer, bool own_tls,
                 std::span<const cidr> trusted, client_facts& out);

/// The host that the client asked for: the first of X-Forwarded-Host, where a trusted peer sent one line of
/// hosts; else `host`, which is that of the request.
std::string_view host_asked_for(const field_list& fields, const client_facts& client,
                                std::string_view host) noexcept;

/// Appends X-Forwarded-For, -Proto, -Host and Forwarded lines ("Name: value\r\n"): extended or kept
/// where the peer is trusted, replaced where not. `peer_text`: the peer itself, "unix:" for a unix socket;
/// `host`: the Host of the request, validated, or empty. What a trusted peer sends in -Proto, -Host and
/// Forwarded is kept only where it makes sense: one line, known schemes, hosts, quotes in pairs.
void append_forwarding(std::string& out, const field_list& fields, const client_facts& client,
                       std::string_view peer_text, std::string_view host);

/// Whether a client's field is one of those that append_forwarding writes, in any equivalent spelling.
bool is_forwarding_name(std::string_view name) noexcept;

/// Whether it is one by which proxies tell backends who the client is, and what it asked for, in any
/// equivalent spelling: every X-Forwarded-*, X-Real-IP, what WebLogic (WL-Proxy-*) and WebSphere ($WS*)
/// believe. A client that is no trusted proxy says nothing by them.
bool is_word_of_proxies(std::string_view name) noexcept;

/// A request id that is passed on: 1 to 128 of A-Z a-z 0-9 - _ . = + / : @
bool valid_request_id(std::string_view id) noexcept;
/// W3C trace context, version 00 and later, ids not all zero.
bool valid_traceparent(std::string_view value) noexcept;
/// 32 hex digits of fresh randomness (a per-thread generator seeded by the operating system); unique,
/// not secret.
void append_request_id(std::string& out);
std::string make_request_id();
/// A fresh trace, flagged as sampled: the default samplers behind would drop an unsampled one, where
/// without any they would have started their own.
void append_traceparent(std::string& out);
std::string make_traceparent();

}  // namespace vestibule::http

#include "server/backend_head.hpp"

#include <vestibule/http/cookies.hpp>
#include <vestibule/http/known_fields.hpp>

#include <algorithm>
#include <charconv>

namespace vestibule::server {

using http::field_id;

namespace {

void append_framing(std::string& out, const http::body_framing& framing) {
    if (framing.kind == http::body_kind::chunked) out += "Transfer-Encoding: chunked\r\n";
    if (framing.kind != http::body_kind::length) return;
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, framing.length).ptr;
    http::append_field(out, "Content-Length", {digits, std::size_t(end - digits)});
}

void append_cookie_line(std::string& out, const site& s, const backend_head_parts& p) {
    const std::size_t start = out.size();
    out += "Cookie: ";
    const std::size_t empty = out.size();
    append_cookies(out, s, p.head.fields, p.cookies);
    if (out.size() == empty)
        out.resize(start);
    else
        out += "\r\n";
}

bool has_nominations(const http::field_list& fields) noexcept {
    for (const http::field& f : fields)
        if (f.id == field_id::connection && !http::iequals(f.value, "keep-alive") &&
            !http::iequals(f.value, "close"))
            return true;
    return false;
}

// Whether one of these protocols is HTTP again, in another version or behind TLS: the requests in such a
// tunnel would come to the backend as their client wrote them, session headers and all.
bool carries_requests(std::string_view protocols) noexcept {
    while (!protocols.empty()) {
        const auto item = protocols.substr(0, protocols.find(','));
        protocols.remove_prefix(std::min(item.size() + 1, protocols.size()));
        const auto start = std::min(item.find_first_not_of(" \t"), item.size());
        const auto name = item.substr(start, item.find_first_of(" \t/", start) - start);
        for (const std::string_view known : {"h2c", "h2", "h3", "http", "https", "tls", "ssl", "spdy"})
            if (http::iequals(name, known)) return true;
    }
    return false;
}

// What may stand behind a body: nothing that is of use only before it (RFC 9110 6.5.1). Framing, routing,
// conditions, authentication, cookies, how to store and how to show what came: a reader who merges trailers
// into the head would take them for it.
bool may_trail(const http::field& f, const http::name_set& stripped) noexcept {
    switch (f.id) {
        case field_id::content_length:
        case field_id::content_type:
        case field_id::content_encoding:
        case field_id::content_range:
        case field_id::content_location:
        case field_id::content_disposition:
        case field_id::host:
        case field_id::max_forwards:
        case field_id::expect:
        case field_id::range:
        case field_id::if_match:
        case field_id::if_none_match:
        case field_id::if_modified_since:
        case field_id::if_unmodified_since:
        case field_id::if_range:
        case field_id::authorization:
        case field_id::www_authenticate:
        case field_id::cookie:
        case field_id::cookie2:
        case field_id::set_cookie:
        case field_id::set_cookie2:
        case field_id::origin:
        case field_id::referer:
        case field_id::cache_control:
        case field_id::pragma:
        case field_id::age:
        case field_id::date:
        case field_id::expires:
        case field_id::vary:
        case field_id::location:
        case field_id::retry_after:
        case field_id::strict_transport_security:
        case field_id::alt_svc: return false;
        default: break;
    }
    return !is_hop_by_hop(f) && !policy::is_cors_field(f) && !stripped.contains(f.name) &&
           !http::is_forwarding_name(f.name) && !http::is_word_of_proxies(f.name);
}

// Fields by which a client says which part of the answer it wants, and in what coding.
bool chooses_form(field_id id) noexcept {
    return id == field_id::accept_encoding || id == field_id::range || id == field_id::if_range;
}

// Fields that are written from what vestibule knows, not copied.
bool is_rewritten(field_id id) noexcept {
    return id == field_id::host || id == field_id::cookie || id == field_id::content_length ||
           id == field_id::expect;
}

}  // namespace

bool is_hop_by_hop(const http::field& f) noexcept {
    switch (f.id) {
        case field_id::connection:
        case field_id::http2_settings:
        case field_id::keep_alive:
        case field_id::proxy_connection:
        case field_id::proxy_authenticate:
        case field_id::proxy_authorization:
        case field_id::te:
        case field_id::trailer:
        case field_id::transfer_encoding:
        case field_id::upgrade: return true;
        default: return false;
    }
}

bool is_nominated(const http::field_list& fields, std::string_view name) noexcept {
    for (const http::field& f : fields)
        if (f.id == field_id::connection && http::list_contains(f.value, name)) return true;
    return false;
}

bool asks_for_upgrade(const http::request_head& head, const http::body_framing& framing) {
    if (head.version != 11 || framing.kind == http::body_kind::chunked || framing.length > 0) return false;
    const std::string_view upgrade = head.fields.find(field_id::upgrade);
    return !upgrade.empty() && is_nominated(head.fields, "upgrade") && !carries_requests(upgrade);
}

void build_backend_head(std::string& out, const site& s, const backend_head_parts& p) {
    out.clear();
    out += p.head.method;
    out += ' ';
    out += p.target.path;
    out += p.target.query;
    out += " HTTP/1.1\r\n";

    std::string_view host = p.target.authority;
    if (host.empty()) host = p.head.fields.find(field_id::host);
    http::append_field(out, "Host", host);

    const bool nominations = has_nominations(p.head.fields);
    for (const http::field& f : p.head.fields) {
        if (is_rewritten(f.id) || is_hop_by_hop(f)) continue;
        if (s.stripped.contains(f.name) || http::is_forwarding_name(f.name)) continue;
        if (!p.client.peer_trusted && http::is_word_of_proxies(f.name)) continue;
        if (nominations && is_nominated(p.head.fields, f.name)) continue;
        if (p.plain_answer && chooses_form(f.id)) continue;
        http::append_field(out, f.name, f.value);
    }
    if (p.plain_answer) http::append_field(out, "Accept-Encoding", "identity");
    append_cookie_line(out, s, p);
    http::append_forwarding(out, p.head.fields, p.client, p.peer, host);
    http::append_field(out, "X-Request-Id", p.request_id);
    http::append_field(out, "traceparent", p.traceparent);
    out += p.injected;
    out += p.remaining;
    out += p.assertion;
    if (const auto& name = s.params.inject.client_subject; !name.empty() && !p.client_subject.empty())
        http::append_field(out, name, p.client_subject);

    const bool has_body = p.framing.kind == http::body_kind::chunked || p.framing.length > 0;
    if (p.head.version == 11 && has_body)
        if (const auto expect = p.head.fields.find(field_id::expect); !expect.empty())
            http::append_field(out, "Expect", expect);
    const bool trailers = http::list_contains(p.head.fields.find(field_id::te), "trailers");
    if (p.upgrade) http::append_field(out, "Upgrade", p.head.fields.find(field_id::upgrade));
    if (trailers) out += "TE: trailers\r\n";
    if (p.upgrade || trailers)
        http::append_field(out, "Connection", p.upgrade ? (trailers ? "Upgrade, TE" : "Upgrade") : "TE");
    append_framing(out, p.framing);
    if (p.framing.kind == http::body_kind::chunked) append_announced_trailers(out, p.head.fields, s.stripped);
    out += "\r\n";
}

void append_cookies(std::string& out, const site& s, const http::field_list& head,
                    const cookies_to_go& more) {
    const cookie_params& cookie = s.params.session.cookie;
    const std::size_t empty = out.size();
    const auto append = [&](std::string_view name, std::string_view value) {
        if (out.size() != empty) out += "; ";
        out += name;
        out += '=';
        out += value;
    };
    for (const http::field& f : head) {
        if (f.id != field_id::cookie) continue;
        const std::size_t before = out.size();
        if (before != empty) out += "; ";
        const std::size_t here = out.size();
        std::string others;
        if (!more.session.empty()) http::append_cookies_without(others, f.value, cookie.name);
        const std::string_view value = more.session.empty() ? f.value : std::string_view(others);
        if (s.vault.on())
            s.vault.append_others(out, value);
        else if (cookie.forward)
            out += value;
        else
            http::append_cookies_without(out, value, cookie.name);
        if (out.size() == here) out.resize(before);
    }
    if (!more.session.empty()) append(cookie.name, more.session);
    for (const session::vault_cookie& c : more.vault)
        if (session::goes_with(c, more.path, more.now)) append(c.name, c.value);
}

void append_trailers(std::string& out, const http::field_list& trailers, const http::name_set& stripped) {
    for (const http::field& f : trailers)
        if (may_trail(f, stripped)) http::append_field(out, f.name, f.value);
}

void append_announced_trailers(std::string& out, const http::field_list& fields,
                               const http::name_set& stripped) {
    const std::size_t start = out.size();
    out += "Trailer: ";
    const std::size_t empty = out.size();
    for (const http::field& f : fields) {
        if (f.id != field_id::trailer) continue;
        for (std::string_view rest = f.value; !rest.empty();) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            std::string_view name = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            while (name.starts_with(' ') || name.starts_with('\t')) name.remove_prefix(1);
            while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
            if (name.empty() || !may_trail({http::identify(name), name, {}}, stripped)) continue;
            if (out.size() != empty) out += ", ";
            out += name;
        }
    }
    if (out.size() == empty)
        out.resize(start);
    else
        out += "\r\n";
}

}  // namespace vestibule::server

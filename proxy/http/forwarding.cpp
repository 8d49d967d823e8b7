#include <vestibule/http/field_names.hpp>
#include <vestibule/http/forwarding.hpp>
#include <vestibule/http/framing.hpp>

#include "http/ascii.hpp"
#include "http/authority.hpp"
#include "http/forwarded_values.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr std::string_view for_name = "X-Forwarded-For";
constexpr std::string_view proto_name = "X-Forwarded-Proto";
constexpr std::string_view host_name = "X-Forwarded-Host";
constexpr std::string_view forwarded_name = "Forwarded";

// Beast knows no X-Forwarded-*, so everything else is told apart by one comparison.
bool is_unlisted(const field& f, std::string_view name) noexcept {
    return f.id == field_id::unknown && iequals(f.name, name);
}

// The value of the only line of that name, if each of its items passes; else empty.
template <class Predicate>
std::string_view only_line(const field_list& fields, std::string_view name, Predicate good) noexcept {
    std::string_view value;
    bool seen = false;
    for (const field& f : fields) {
        if (!is_unlisted(f, name)) continue;
        if (seen) return {};
        seen = true;
        value = f.value;
    }
    for (auto rest = value; !rest.empty();)
        if (!good(ascii::take_part(rest, ','))) return {};
    return value;
}

// An open quote would swallow what is appended behind it.
bool quotes_are_closed(std::string_view value) noexcept {
    bool quoted = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '"') quoted = !quoted;
        if (value[i] == '\\' && quoted) ++i;
    }
    return !quoted;
}

// "name=value" with quotes where the value is no token (RFC 7239 4).
void append_parameter(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    const bool quote = !ascii::is_token(value);
    if (quote) out += '"';
    out += value;
    if (quote) out += '"';
}

void append_node(std::string& out, std::string_view peer) {
    if (peer.starts_with("unix")) {
        out += "for=unknown";
    } else if (peer.find(':') != std::string_view::npos) {
        out += "for=\"[";
        out += peer;
        out += "]\"";
    } else {
        out += "for=";
        out += peer;
    }
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

bool is_forwarded_for(const field& f) noexcept {
    return is_unlisted(f, for_name);
}

std::string_view forwarded_proto(const field_list& fields) noexcept {
    return only_line(fields, proto_name, [](std::string_view item) {
        return iequals(item, "http") || iequals(item, "https") || iequals(item, "ws") || iequals(item, "wss");
    });
}

bool is_secure(std::string_view proto) noexcept {
    const auto first = ascii::take_part(proto, ',');
    return iequals(first, "https") || iequals(first, "wss");
}

std::string_view forwarded_host(const field_list& fields) noexcept {
    return only_line(fields, host_name, valid_authority);
}

std::string_view host_asked_for(const field_list& fields, const client_facts& client,
                                std::string_view host) noexcept {
    auto said = client.peer_trusted ? forwarded_host(fields) : std::string_view();
    return said.empty() ? host : ascii::take_part(said, ',');
}

void append_forwarding(std::string& out, const field_list& fields, const client_facts& client,
                       std::string_view peer_text, std::string_view host) {
    const auto peer = peer_text.substr(0, peer_text.find('%'));  // no scope id
    const std::string_view scheme = client.https ? "https" : "http";
    std::string_view proto, original_host;
    if (client.peer_trusted) {
        proto = forwarded_proto(fields);
        original_host = forwarded_host(fields);
    }

    out += for_name;
    out += ": ";
    if (client.peer_trusted) {
        for (const field& f : fields) {
            if (!is_forwarded_for(f) || f.value.empty()) continue;
            out += f.value;
            out += ", ";
        }
    }
    out += peer;
    out += "\r\n";

    append_line(out, proto_name, proto.empty() ? scheme : proto);
    if (original_host.empty()) original_host = host;
    if (!original_host.empty()) append_line(out, host_name, original_host);

    out += forwarded_name;
    out += ": ";
    if (client.peer_trusted) {
        for (const field& f : fields) {
            if (f.id != field_id::forwarded || f.value.empty() || !quotes_are_closed(f.value)) continue;
            out += f.value;
            out += ", ";
        }
    }
    append_node(out, peer);
    if (!host.empty()) append_parameter(out, ";host=", host);
    append_parameter(out, ";proto=", scheme);
    out += "\r\n";
}

bool is_forwarding_name(std::string_view name) noexcept {
    switch (name.size()) {
        case forwarded_name.size(): return equivalent_names(name, forwarded_name);
        case for_name.size(): return equivalent_names(name, for_name);
        case host_name.size(): return equivalent_names(name, host_name);
        case proto_name.size(): return equivalent_names(name, proto_name);
        default: return false;
    }
}

bool is_word_of_proxies(std::string_view name) noexcept {
    static const name_set others(std::vector<std::string>{
        "Client-IP", "X-Client-IP", "X-Real-IP", "True-Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP",
        "Fastly-Client-IP", "X-Host", "X-Request-Base", "X-Original-Host", "X-HTTP-Host-Override", "X-Scheme",
        "X-Url-Scheme", "Front-End-Https", "Proxy-Client-IP", "WL-Proxy-Client-IP", "WL-Proxy-SSL",
        "WL-Proxy-Client-Cert"});
    const auto begins_with = [name](std::string_view prefix) {
        return equivalent_names(name.substr(0, prefix.size()), prefix);
    };
    return begins_with("X-Forwarded-") || begins_with("$WS") || others.contains(name);
}

}  // namespace vestibule::http

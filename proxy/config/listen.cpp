#include "config/addresses.hpp"
#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <algorithm>

namespace vestibule::config {
namespace {

/// A numeric address and port to bind to. `forms`: what would be right.
std::optional<host_port> read_bound(const cursor& at, const std::string& text, std::string_view forms) {
    std::string why;
    auto split = split_host_port(text, std::nullopt, why);
    const auto host = split ? bind_host(split->host) : std::nullopt;
    if (split && !host) why = "the host is neither a numeric address, localhost nor *";
    if (!host) {
        at.error(at.shown() + ": " + why + " (" + std::string(forms) + ")");
        return std::nullopt;
    }
    split->host = *host;
    return split;
}

void read_listener(const cursor& at, server::listen_params& out) {
    constexpr std::string_view forms = "host:port, [v6]:port or unix:/path";
    std::string text;
    if (at.absent()) at.error("is required (" + std::string(forms) + ")");
    if (at.absent() || !read_text(at, text)) return;
    if (text.starts_with("unix:")) {
        const auto path = text.substr(5);
        if (const auto why = unix_path_problem(path); !why.empty()) return at.error(at.shown() + ": " + why);
        out = {.address = text, .host = {}, .port = 0, .unix_path = path, .proxy_protocol = {}};
    } else if (const auto bound = read_bound(at, text, forms)) {
        out = {
            .address = text, .host = bound->host, .port = bound->port, .unix_path = {}, .proxy_protocol = {}};
    }
}

/// What Authorization: Bearer can carry (RFC 6750, section 2.1). "" is none.
void read_token(const cursor& at, std::string& out) {
    constexpr std::size_t good_token = 16;
    if (!read_secret(at, out) || out.empty()) return;
    if (!std::all_of(out.begin(), out.end(), [](char c) { return c > ' ' && c <= '~'; }))
        at.error(
            "has characters that no Authorization header carries (\"vestibule keygen\" makes a good one)");
    else if (out.size() < good_token)
        at.warn("is shorter than 16 bytes and may be guessed (\"vestibule keygen\" makes a good one)");
}

}  // namespace

void read_listen(const cursor& at, std::vector<server::listen_params>& out) {
    if (at.absent()) return;
    const auto items = items_of(at);
    if (at.empty()) at.error("names no address (leave the key out for 0.0.0.0:8080)");
    out.assign(
        items.size(),
        server::listen_params{.address = {}, .host = {}, .port = 0, .unix_path = {}, .proxy_protocol = {}});
    for (std::size_t i = 0; i < items.size(); ++i) {
        const map_reader m(items[i]);
        read_listener(m["address"], out[i]);
        read_proxy_protocol(m["proxy_protocol"], out[i]);
        read_listen_tls(m["tls"], out[i].tls);
    }
}

void read_admin(const cursor& at, admin::admin_params& out) {
    if (at.is(node_kind::scalar)) {
        const auto text = at.text();
        if (text && parse_boolean(*text) == false) {
            out.enabled = false;
        } else if (text) {
            at.error(at.shown() + " is neither off nor a map like {address: 127.0.0.1:9090}");
        }
        return;
    }
    const map_reader m(at);
    read_token(m["token"], out.token);
    const auto address = m["address"];
    std::string text;
    if (address.absent() || !read_text(address, text)) return;
    if (const auto bound = read_bound(address, text, "host:port or [v6]:port")) {
        out.host = bound->host;
        out.port = bound->port;
    } else {
        out.host.clear();
    }
}

}  // namespace vestibule::config

#include "config/sections.hpp"
#include "config/text_form.hpp"

namespace vestibule::config {

void read_proxy_protocol(const cursor& at, server::listen_params& out) {
    if (at.absent()) return;
    constexpr std::string_view forms = "off, or a map like {from: [10.0.0.0/8]}";
    if (at.is(node_kind::scalar)) {
        const auto text = at.text();
        if (text && parse_boolean(*text) != false) at.error(at.shown() + " is neither " + std::string(forms));
        return;
    }
    server::proxy_protocol_params& p = out.proxy_protocol;
    const map_reader m(at);
    p.on = true;
    const cursor from = m["from"];
    if (from.absent()) return at.error("names nobody whose header is believed (" + std::string(forms) + ")");
    for (const auto& item : items_of(from)) {
        std::string text;
        if (!read_text(item, text)) continue;
        const auto range = http::cidr::parse(text);
        if (text == "unix:") {
            p.from_unix = true;
        } else if (!range) {
            item.error(item.shown() +
                       " is no address range (like 10.0.0.0/8 or ::1/128, no bits set behind the prefix)");
        } else {
            if (text.ends_with("/0")) item.warn("lets everyone say who he is (name the proxies in front)");
            p.from.push_back(*range);
        }
    }
    const bool unix_socket = !out.unix_path.empty();
    if (from.empty() || (unix_socket ? !p.from_unix && !p.from.empty() : p.from.empty() && p.from_unix))
        from.error(unix_socket ? "lets nobody in on a unix socket (unix: for whoever can connect to it)"
                               : "lets nobody in (ranges like 10.0.0.0/8; unix: is for unix sockets)");
}

}  // namespace vestibule::config

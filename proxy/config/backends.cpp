#include "config/addresses.hpp"
#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <algorithm>

namespace vestibule::config {
namespace {

constexpr std::string_view forms = " (http://host[:port], https://host[:port] or unix:/path)";

// What is wrong with the URL is told without showing it: it may hold a password.
void read_url(const cursor& at, upstream::endpoint_params& out) {
    std::string text;
    if (at.absent()) at.error("is required" + std::string(forms));
    if (at.absent() || !read_text(at, text)) return;
    const auto wrong = [&](const std::string& why) { at.error(why + std::string(forms)); };

    if (text.starts_with("unix:")) {
        const auto path = text.substr(5);
        if (const auto why = unix_path_problem(path); !why.empty()) return wrong(why);
        out.url = text;
        out.port = 0;
        out.unix_path = path;
        return;
    }
    const bool tls = text.starts_with("https://");
    const std::string_view scheme = tls ? "https://" : "http://";
    if (!text.starts_with(scheme)) return wrong("is no backend URL");
    const auto authority = std::string_view(text).substr(scheme.size());
    if (authority.find('@') != authority.npos) return wrong("a user or password has no place here");
    if (authority.find_first_of("/?#") != authority.npos)
        return wrong("has something behind the host; paths are forwarded as the client sent them");
    std::string why;
    const auto split = split_host_port(authority, std::uint16_t(tls ? 443 : 80), why);
    if (!split) return wrong(why);
    if (split->port == 0) return wrong("its port is 0");
    if (!authority.starts_with('[') && !is_host_name(split->host)) return wrong("its host is no host name");
    out.url = text;
    out.tls = tls;
    out.host = split->host;
    out.port = split->port;
}

}  // namespace

void read_backends(const cursor& at, upstream::upstream_params& out) {
    const auto items = items_of(at);
    if (at.absent() || at.empty()) at.error("is required (like [{url: http://127.0.0.1:3000}])");
    out.backends.clear();
    for (std::size_t i = 0; i < items.size(); ++i) {
        upstream::endpoint_params endpoint;
        const map_reader m(items[i]);
        read_url(m["url"], endpoint);
        const bool url_known = !endpoint.url.empty();
        read_client_tls(m["tls"], endpoint.tls || !url_known, "has no effect without TLS (https in url)",
                        endpoint.tls_params);
        const cursor verify = m["tls"].key("verify");
        read_boolean(verify, endpoint.tls_params.verify);
        if (!endpoint.tls_params.verify && url_known && !endpoint.tls)
            verify.error("has no effect without TLS (https in url)");
        else if (!endpoint.tls_params.verify)
            verify.warn("whoever answers is believed to be this backend (ca: its own certificate)");
        std::uint64_t weight = 1;
        if (read_count(m["weight"], weight, 1, 100)) endpoint.weight = static_cast<unsigned>(weight);
        if (const auto same = std::ranges::find_if(
                out.backends, [&](const auto& other) { return url_known && other.same_place(endpoint); });
            same != out.backends.end())
            items[i].error("is the same as backends[" + std::to_string(same - out.backends.begin()) +
                           "] (weight: 2 there gives it twice as much)");
        out.backends.push_back(std::move(endpoint));
    }
    if (items.size() > upstream::max_backends)
        at.error("has " + std::to_string(items.size()) + " backends (up to " +
                 std::to_string(upstream::max_backends) + ")");
}

}  // namespace vestibule::config

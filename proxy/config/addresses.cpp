#include "config/addresses.hpp"

#include "config/text_form.hpp"

#include <boost/asio/ip/address.hpp>

#include <sys/un.h>

namespace vestibule::config {
namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> numeric(const std::string& host) {
    boost::system::error_code ec;
    const auto address = ip::make_address(host, ec);
    if (ec) return std::nullopt;
    return address;
}

bool is_any(const std::string& host) {
    const auto a = numeric(host);
    return a && a->is_unspecified();
}

}  // namespace

std::optional<host_port> split_host_port(std::string_view text, std::optional<std::uint16_t> default_port,
                                         std::string& why) {
    std::string_view host, port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        const auto rest = end == text.npos ? std::string_view() : text.substr(end + 1);
        host = text.substr(1, end == text.npos ? end : end - 1);
        const auto address = numeric(std::string(host));
        if (end == text.npos || !address || !address->is_v6() || (!rest.empty() && rest[0] != ':')) {
            why = "what stands in [ ] is no IPv6 address";
            return std::nullopt;
        }
        has_port = !rest.empty();
        port = has_port ? rest.substr(1) : rest;
    } else {
        const auto colon = text.find(':');
        if (colon != text.npos && text.find(':', colon + 1) != text.npos) {
            why = "has several colons; an IPv6 address stands in [ ]";
            return std::nullopt;
        }
        host = text.substr(0, colon);
        has_port = colon != text.npos;
        port = has_port ? text.substr(colon + 1) : std::string_view();
    }
    if (host.empty()) {
        why = "has no host";
        return std::nullopt;
    }
    if (!has_port && !default_port) {
        why = "has no port";
        return std::nullopt;
    }
    const auto number = has_port ? parse_count(port) : std::optional<std::uint64_t>(default_port);
    if (!number || *number > 65535) {
        why = "its port is not a number from 0 to 65535";
        return std::nullopt;
    }
    return host_port{std::string(host), static_cast<std::uint16_t>(*number)};
}

std::optional<std::string> bind_host(const std::string& host) {
    if (host == "*") return "0.0.0.0";
    if (host == "localhost") return "127.0.0.1";
    if (!numeric(host)) return std::nullopt;
    return host;
}

std::string unix_path_problem(std::string_view path) {
    constexpr std::size_t most = sizeof(sockaddr_un::sun_path) - 1;
    if (!path.starts_with('/')) return "the path of a unix socket has to be absolute";
    if (path.size() > most)
        return "the path of a unix socket may have " + std::to_string(most) + " bytes at most";
    return {};
}

bool addresses_collide(const host_port& a, const host_port& b) {
    return a.port == b.port && a.port != 0 && !a.host.empty() && !b.host.empty() &&
           (a.host == b.host || is_any(a.host) || is_any(b.host));
}

bool reaches(const host_port& to, const host_port& bound) {
    const auto local = to.host == "localhost" || is_loopback(to.host) || is_any(to.host);
    return to.port == bound.port && to.port != 0 && !bound.host.empty() &&
           (to.host == bound.host ||
            (local && (is_any(bound.host) || (to.host == "localhost" && is_loopback(bound.host)))));
}

bool is_loopback(const std::string& numeric_host) {
    const auto a = numeric(numeric_host);
    return a && a->is_loopback();
}

}  // namespace vestibule::config

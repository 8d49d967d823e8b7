// Where to listen and where the backend is, as text. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::config {

struct host_port {
    std::string host;  // without brackets
    std::uint16_t port = 0;
};

/// "host:port" or "[v6]:port"; `host` is neither judged nor resolved. Without a port: `default_port`,
/// where there is one. Nothing, with a `why` that shows nothing of the text, for anything else.
std::optional<host_port> split_host_port(std::string_view text, std::optional<std::uint16_t> default_port,
                                         std::string& why);

/// The numeric address to bind to: "*" is 0.0.0.0, "localhost" 127.0.0.1. Nothing for a name.
std::optional<std::string> bind_host(const std::string& host);

/// Why a path cannot be that of a unix socket; empty where it can.
std::string unix_path_problem(std::string_view path);

/// Whether sockets bound to both would be in each other's way: one port, and the same or any address.
bool addresses_collide(const host_port& a, const host_port& b);

/// Whether `to`, seen from this machine, is the socket bound to `bound`.
bool reaches(const host_port& to, const host_port& bound);

/// 127.0.0.0/8 and ::1.
bool is_loopback(const std::string& numeric_host);

}  // namespace vestibule::config

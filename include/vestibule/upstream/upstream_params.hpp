// The backend and how long we are patient with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vestibule::upstream {

/// Where a backend listens.
struct endpoint_params {
    std::string url;   // as configured, for logs
    std::string host;  // name or address; empty for a unix socket
    std::uint16_t port = 80;
    std::string unix_path;  // empty for TCP
};

struct upstream_params {
    endpoint_params backend;
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(2);
    std::chrono::milliseconds idle_timeout =
        std::chrono::seconds(55);  // pooled connections; 0: none are kept
};

}  // namespace vestibule::upstream

// Where health and metrics are served.
#pragma once

#include <cstdint>
#include <string>

namespace vestibule::admin {

struct admin_params {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9090;  // 0: any free one, told in the log
    bool enabled = true;        // admin: off
    std::string token{};        // of the session API; empty: none, and only this machine may use it
};

}  // namespace vestibule::admin

// The opening handshake of a WebSocket (RFC 6455 4.2.1, 4.2.2), as far as a proxy can judge it. Pure.
#pragma once

#include <vestibule/http/head.hpp>

#include <string>
#include <string_view>

namespace vestibule::http {

enum class websocket_verdict {
    passes,
    malformed,      // 400: no GET, or not the one key of 16 bytes in base64
    other_version,  // 426: a version that is not 13, the only one there is
};

/// Of a request that asks for an upgrade to "websocket" by HTTP/1.1 and Connection.
websocket_verdict judge_websocket(const request_head& head) noexcept;

/// What Sec-WebSocket-Accept has to be for this key, 28 characters.
std::string websocket_accept(std::string_view key);

}  // namespace vestibule::http

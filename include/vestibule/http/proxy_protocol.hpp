// The header that a TCP proxy puts in front of a connection to say whose it is: PROXY protocol, version 1 (a
// line) and 2 (binary), as HAProxy's specification "proxy-protocol.txt" has them. What comes behind it
// belongs to somebody else (TLS perhaps), so it can be read without a byte too much:
//
//     auto step = read_proxy_header(bytes);      // error: malformed_head
//     while (step && step->missing > 0) ...read at most so many further bytes, and again...
#pragma once

#include <vestibule/base/error.hpp>
#include <vestibule/http/ip_address.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vestibule::http {

/// Version 1: the longest line, its end included.
constexpr std::size_t max_proxy_line = 107;
/// Version 2: what may stand behind the first sixteen bytes. The specification has no limit but 65,535.
constexpr std::size_t max_proxy_block = 4096;

struct proxy_header {
    std::size_t size = 0;              // bytes of the header; 0: not whole yet
    std::size_t missing = 0;           // at least so many more belong to it; 0: whole
    std::optional<ip_address> source;  // of the client; nothing: LOCAL, UNKNOWN or a unix socket
    std::uint16_t source_port = 0;
};

/// Reads the header at the front of `bytes`. Error: malformed_head, as soon as it can be told. TLVs are
/// skipped, but for a checksum, which has to be right.
result<proxy_header> read_proxy_header(std::string_view bytes) noexcept;

}  // namespace vestibule::http

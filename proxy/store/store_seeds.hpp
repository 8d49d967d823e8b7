// Several addresses in one URL, as in h1:26379,h2,[::1]:26379. Boost.URL knows one host only.
#pragma once

#include <vestibule/store/store_params.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::store {

constexpr std::string_view wrong_host = "host must be a name, an IPv4 address or an [IPv6] address";
constexpr std::string_view wrong_port = "port must be a number from 1 to 65535";

/// Of a name that a server tells us, in bytes (RFC 1035 2.3.4).
inline constexpr std::size_t longest_host = 255;

/// Of a name or address, the colons of an IPv6 one included.
bool is_host_character(char c) noexcept;

/// What is wrong with the list, without its text; empty: nothing, and it is in `out`.
std::string_view take_seeds(std::string_view list, std::uint16_t usual_port, std::vector<store_address>& out);

/// host:port, an IPv6 address in brackets.
std::string to_string(const store_address& a);

}  // namespace vestibule::store

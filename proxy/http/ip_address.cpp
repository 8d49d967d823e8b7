#include <vestibule/http/ip_address.hpp>

#include <arpa/inet.h>

namespace vestibule::http {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) noexcept {
    char terminated[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
    *std::copy(text.begin(), text.end(), terminated) = '\0';

    ip_address address;
    std::uint8_t four[4];
    if (inet_pton(AF_INET, terminated, four) == 1) {
        address.set_v4(four);
    } else if (inet_pton(AF_INET6, terminated, address.bytes_.data()) != 1) {
        return std::nullopt;
    }
    return address;
}

ip_address ip_address::from_v4(std::string_view four) noexcept {
    ip_address address;
    address.set_v4(reinterpret_cast<const std::uint8_t*>(four.data()));
    return address;
}

ip_address ip_address::from_v6(std::string_view sixteen) noexcept {
    ip_address address;
    std::copy_n(sixteen.begin(), address.bytes_.size(), address.bytes_.begin());
    return address;
}

bool ip_address::is_v4() const noexcept {
    return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

bool ip_address::is_unspecified() const noexcept {
    return std::all_of(bytes_.begin() + (is_v4() ? 12 : 0), bytes_.end(), [](auto b) { return b == 0; });
}

std::string ip_address::to_string() const {
    char text[INET6_ADDRSTRLEN];
    const bool v4 = is_v4();
    return inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? 12 : 0), text, sizeof text);
}

}  // namespace vestibule::http

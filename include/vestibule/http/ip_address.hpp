// An IPv4 or IPv6 address as sixteen bytes. Plain data, so that comparing ranges needs no compiled part
// of Asio; Asio's addresses convert by themselves.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::http {

class ip_address {
  public:
    /// Unspecified: stands for a peer on a unix socket.
    ip_address() = default;

    /// From asio::ip::address. Scope ids are dropped.
    template <class Address>
    requires requires(const Address& a) {
        a.is_v4();
        a.to_v4().to_bytes();
        a.to_v6().to_bytes();
    }
    ip_address(const Address& a) {  // NOLINT(google-explicit-constructor): the same thing in other clothes
        if (a.is_v4()) {
            const auto bytes = a.to_v4().to_bytes();
            set_v4(bytes.data());
        } else {
            const auto bytes = a.to_v6().to_bytes();
            std::copy_n(bytes.data(), bytes_.size(), bytes_.begin());
        }
    }

    /// "192.0.2.1" or "2001:db8::1", nothing around it. Not for "01.2.3.4" or scope ids.
    static std::optional<ip_address> parse(std::string_view text) noexcept;

    /// From four or sixteen bytes in network order.
    static ip_address from_v4(std::string_view four) noexcept;
    static ip_address from_v6(std::string_view sixteen) noexcept;

    /// IPv4, also where it came mapped into IPv6.
    bool is_v4() const noexcept;
    /// 0.0.0.0 or ::
    bool is_unspecified() const noexcept;
    /// IPv6 in network order, IPv4 mapped into it (::ffff:a.b.c.d).
    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    std::string to_string() const;

    friend bool operator==(const ip_address&, const ip_address&) = default;

  private:
    void set_v4(const std::uint8_t* four) noexcept {
        bytes_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
        std::copy_n(four, 4, bytes_.begin() + 12);
    }

    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace vestibule::http

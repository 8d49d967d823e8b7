// The keys that session tickets (RFC 5077, RFC 8446 section 4.6.1) are sealed with. A ticket holds all that
// decrypts its sessions before TLS 1.3, so its key must not live long: a fresh one each 12 h, and the two
// before it open what they have sealed. Thread-safe: all workers share one ring.
#pragma once

#include <vestibule/base/clock.hpp>

#include <array>
#include <mutex>
#include <optional>
#include <span>

namespace vestibule::net {

struct ticket_key {
    std::array<unsigned char, 16> name{};  // public: it stands in the ticket
    std::array<unsigned char, 32> cipher{}, mac{};
};

class ticket_keys {
  public:
    static constexpr auto lifetime = std::chrono::hours(12);
    static constexpr std::size_t kept = 3;  // with the one that seals

    ticket_keys() = default;
    ticket_keys(const ticket_keys&) = delete;
    ticket_keys& operator=(const ticket_keys&) = delete;
    ~ticket_keys();

    /// The one for new tickets.
    ticket_key sealing(mono_time now);

    struct opener {
        ticket_key key;
        bool newest;  // else the client is to get a new ticket
    };
    /// The one that has sealed a ticket, if it is not too old.
    std::optional<opener> opening(std::span<const unsigned char> name, mono_time now);

  private:
    void rotate(mono_time now);

    struct entry {
        ticket_key key;
        mono_time made{};  // zero: none
    };
    std::mutex mutex_;
    std::array<entry, kept> ring_;  // newest first
};

}  // namespace vestibule::net

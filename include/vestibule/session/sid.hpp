// Session ids: making, judging, naming them.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/crypto.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::session {

/// The longest sid accepted from a cookie, in bytes.
inline constexpr std::size_t max_sid_size = 256;

/// Any acceptable sid, without memory of its own.
class sid_text {
  public:
    sid_text() = default;
    /// At most max_sid_size bytes.
    explicit sid_text(std::string_view sid) noexcept : size_(static_cast<std::uint16_t>(sid.size())) {
        std::copy(sid.begin(), sid.end(), bytes_.begin());
    }
    // Copies what is there, not the room behind it.
    sid_text(const sid_text& other) noexcept : sid_text(std::string_view(other)) {}
    sid_text& operator=(const sid_text& other) noexcept {
        size_ = other.size_;
        std::copy_n(other.bytes_.begin(), size_, bytes_.begin());
        return *this;
    }
    operator std::string_view() const noexcept {  // NOLINT(google-explicit-constructor): it is text
        return {bytes_.data(), size_};
    }
    friend bool operator==(const sid_text& a, std::string_view b) noexcept {
        return std::string_view(a) == b;
    }
    friend bool operator==(const sid_text& a, const sid_text& b) noexcept { return a == std::string_view(b); }

  private:
    std::uint16_t size_ = 0;
    std::array<char, max_sid_size> bytes_;
};

/// A fresh sid as express-session makes it: 24 random bytes, base64url, 32 characters.
std::string make_sid();

/// A fresh sid of an anonymous session: "anon-" + base64url(4 bytes big-endian seconds, 20 random
/// bytes), 37 characters. The seconds are unsigned: they last until 2106.
std::string make_anonymous_sid(unix_time now);

/// When an anonymous sid was issued; nothing for every other form.
std::optional<unix_time> anonymous_issue_time(std::string_view sid) noexcept;

/// 1 to 256 bytes of UTF-8 without control characters (C0, DEL, C1).
bool acceptable_sid(std::string_view sid) noexcept;

/// Characters of a handle.
inline constexpr std::size_t handle_size = 22;

/// The public name of a sid: first handle_size characters of base64url(HMAC-SHA256(K, sid)).
class handle_maker {
  public:
    /// `key_material`: session.handle_key, or the last of session.secrets.
    explicit handle_maker(std::string_view key_material);
    std::string operator()(std::string_view sid) const;

  private:
    hmac_key key_;
};

}  // namespace vestibule::session

#include <vestibule/session/sid.hpp>

#include <vestibule/base/base64.hpp>
#include <vestibule/base/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace vestibule::session {
namespace {

constexpr std::size_t random_part = 24;
constexpr std::string_view anonymous_prefix = "anon-";
constexpr std::size_t anonymous_size = anonymous_prefix.size() + random_part / 3 * 4;

// The six bits of a base64url character, or -1.
constexpr int sextet(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

hmac_key handle_key(std::string_view key_material) {
    std::string derived = hkdf_sha256(key_material, "vestibule session handle");
    const hmac_key key(derived);
    wipe(derived);
    return key;
}

}  // namespace

std::string make_sid() {
    std::array<unsigned char, random_part> bytes;
    random_bytes(bytes);
    return base64url(bytes);
}

std::string make_anonymous_sid(unix_time now) {
    const auto since_epoch = std::chrono::floor<seconds>(now).time_since_epoch().count();
    const auto issued = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(since_epoch, 0, std::numeric_limits<std::uint32_t>::max()));
    std::array<unsigned char, random_part> bytes;
    random_bytes(bytes);
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<unsigned char>(issued >> (24 - 8 * i));
    return std::string(anonymous_prefix) + base64url(bytes);
}

std::optional<unix_time> anonymous_issue_time(std::string_view sid) noexcept {
    if (sid.size() != anonymous_size || !sid.starts_with(anonymous_prefix)) return {};
    sid.remove_prefix(anonymous_prefix.size());
    // 24 bytes are 32 characters without spare bits; the time is in the first six.
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < sid.size(); ++i) {
        const int bits = sextet(sid[i]);
        if (bits < 0) return {};
        if (i < 6) head = head << 6 | static_cast<unsigned>(bits);
    }
    return unix_time(seconds(head >> 4));
}

bool acceptable_sid(std::string_view sid) noexcept {
    if (sid.empty() || sid.size() > max_sid_size || !valid_utf8(sid)) return false;
    for (std::size_t i = 0; i < sid.size(); ++i) {
        const auto c = static_cast<unsigned char>(sid[i]);
        if (c < 0x20 || c == 0x7F) return false;
        // C1 controls are C2 80 to C2 9F; valid UTF-8 has a byte after C2.
        if (c == 0xC2 && static_cast<unsigned char>(sid[i + 1]) < 0xA0) return false;
    }
    return true;
}

handle_maker::handle_maker(std::string_view key_material) : key_(handle_key(key_material)) {}

std::string handle_maker::operator()(std::string_view sid) const {
    std::string handle = base64url(key_.sign(sid));
    handle.resize(handle_size);
    return handle;
}

}  // namespace vestibule::session

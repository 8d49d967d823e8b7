// Where the frames of a WebSocket begin and end (RFC 6455 5.2), and the frame that closes one. Nothing is
// unmasked, checked or kept: the bytes are somebody else's conversation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::http {

/// Follows the bytes of one direction, however they are split. What makes no sense as a frame (unknown
/// opcodes, reserved bits, lengths without end) is measured like any other.
class websocket_frames {
  public:
    /// Takes bytes up to the end of the frame under way; those behind it are the next call's. How many: 0
    /// only of nothing.
    std::size_t feed(std::string_view in) noexcept;

    /// Takes all of it.
    void feed_all(std::string_view in) noexcept {
        while (!in.empty()) in.remove_prefix(feed(in));
    }

    /// Whether a frame may begin here. A control frame may also in the midst of a fragmented message (5.4).
    bool at_boundary() const noexcept { return stage_ == stage::opcode; }

    /// Whether a close frame has begun: nothing may follow it (5.5.1).
    bool close_seen() const noexcept { return close_seen_; }

  private:
    enum class stage : std::uint8_t { opcode, length, long_length, rest };
    void begin_rest() noexcept;

    stage stage_ = stage::opcode;
    std::uint8_t length_bytes_ = 0;  // of the long length, still to come
    bool masked_ = false, close_seen_ = false;
    std::uint64_t left_ = 0;  // masking key and payload, still to come
};

/// 1008, "policy violation" (7.4.1): the server ends it for a reason that it does not tell in detail.
inline constexpr std::uint16_t websocket_policy_violation = 1008;

/// The longest reason of a close frame, in bytes (5.5).
inline constexpr std::size_t max_close_reason = 123;

/// A close frame. `reason`: UTF-8, at most max_close_reason bytes. `mask`: as a client has to send it, with
/// a key that nobody can foretell (5.3); none: as a server does.
std::string websocket_close_frame(std::uint16_t code, std::string_view reason,
                                  std::optional<std::array<unsigned char, 4>> mask = {});

}  // namespace vestibule::http

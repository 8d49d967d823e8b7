#include <vestibule/http/websocket_frames.hpp>

#include <algorithm>
#include <limits>

namespace vestibule::http {
namespace {

constexpr unsigned opcode_bits = 0x0F, opcode_close = 0x08;
constexpr unsigned final_bit = 0x80, mask_bit = 0x80, length_bits = 0x7F;
constexpr unsigned length_in_2_bytes = 126, length_in_8_bytes = 127;
constexpr std::uint64_t mask_size = 4;

}  // namespace

std::size_t websocket_frames::feed(std::string_view in) noexcept {
    std::size_t at = 0;
    while (at < in.size()) {
        const auto byte = static_cast<unsigned char>(in[at]);
        switch (stage_) {
            case stage::opcode:
                ++at;
                close_seen_ = close_seen_ || (byte & opcode_bits) == opcode_close;
                stage_ = stage::length;
                break;
            case stage::length:
                ++at;
                masked_ = (byte & mask_bit) != 0;
                left_ = byte & length_bits;
                if (left_ < length_in_2_bytes) {
                    begin_rest();
                } else {
                    length_bytes_ = left_ == length_in_8_bytes ? 8 : 2;
                    left_ = 0;
                    stage_ = stage::long_length;
                }
                break;
            case stage::long_length:
                ++at;
                left_ = left_ << 8 | byte;
                if (--length_bytes_ == 0) begin_rest();
                break;
            case stage::rest: {
                const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
                at += n;
                left_ -= n;
                if (left_ == 0) stage_ = stage::opcode;
                break;
            }
        }
        if (stage_ == stage::opcode) break;
    }
    return at;
}

void websocket_frames::begin_rest() noexcept {
    if (masked_) left_ += std::min(mask_size, std::numeric_limits<std::uint64_t>::max() - left_);
    stage_ = left_ == 0 ? stage::opcode : stage::rest;
}

std::string websocket_close_frame(std::uint16_t code, std::string_view reason,
                                  std::optional<std::array<unsigned char, 4>> mask) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    payload += reason.substr(0, max_close_reason);
    std::string frame;
    frame += static_cast<char>(final_bit | opcode_close);
    frame += static_cast<char>((mask ? mask_bit : 0) | payload.size());
    if (mask) {
        for (std::size_t i = 0; i < payload.size(); ++i)
            payload[i] = static_cast<char>(static_cast<unsigned char>(payload[i]) ^ (*mask)[i % 4]);
        frame.append(mask->begin(), mask->end());
    }
    return frame + payload;
}

}  // namespace vestibule::http

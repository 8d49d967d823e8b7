#include <vestibule/http/chunked.hpp>

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr unsigned max_digits = 16;
constexpr unsigned max_extension_bytes = 4096;

}  // namespace

chunk_decoder::step chunk_decoder::feed(std::string_view in) noexcept {
    step result;
    while (result.consumed < in.size() && state_ != state::trailers) {
        if (state_ == state::data) {
            if (!result.payload.empty()) break;  // the next chunk's is the next step's
            result.payload = in.substr(result.consumed, static_cast<std::size_t>(std::min<std::uint64_t>(
                                                            remaining_, in.size() - result.consumed)));
            result.consumed += result.payload.size();
            remaining_ -= result.payload.size();
            if (remaining_ == 0) state_ = state::data_cr;
        } else if (!take_framing(in[result.consumed++])) {
            return {.ec = errc::bad_chunk, .consumed = result.consumed, .payload = {}};
        }
    }
    return result;
}

// One byte of anything but payload. False where it breaks the coding.
bool chunk_decoder::take_framing(char c) noexcept {
    switch (state_) {
        case state::size:
        case state::padding: return take_size(c);
        case state::extension: return take_extension(c);
        case state::size_lf:
            if (c != '\n') return false;
            state_ = remaining_ == 0 ? state::trailers : state::data;
            extension_bytes_ -=
                static_cast<std::uint16_t>(std::min<std::uint64_t>(extension_bytes_, remaining_));
            return true;
        case state::data_cr: state_ = state::data_lf; return c == '\r';
        case state::data_lf:
            state_ = state::size;
            digits_ = 0;
            return c == '\n';
        case state::data:
        case state::trailers: break;
    }
    return false;
}

bool chunk_decoder::take_size(char c) noexcept {
    const int digit = ascii::hex_value(c);
    if (digit >= 0) {
        if (state_ == state::padding || ++digits_ > max_digits) return false;
        remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
        return true;
    }
    if (digits_ == 0) return false;
    if (c == '\r') {
        state_ = state::size_lf;
        return true;
    }
    if (c != ';' && !ascii::is_blank(c)) return false;
    state_ = c == ';' ? state::extension : state::padding;
    return ++extension_bytes_ <= max_extension_bytes;
}

bool chunk_decoder::take_extension(char c) noexcept {
    if (c == '\r') {
        state_ = state::size_lf;
        return true;
    }
    const auto u = static_cast<unsigned char>(c);
    if ((u < 0x20 && c != '\t') || u == 0x7F) return false;
    return ++extension_bytes_ <= max_extension_bytes;
}

std::string_view chunk_size_line(std::uint64_t size, std::span<char, 18> room) noexcept {
    char* p = room.data() + room.size();
    *--p = '\n';
    *--p = '\r';
    do {
        *--p = "0123456789abcdef"[size % 16];
        size /= 16;
    } while (size != 0);
    return {p, static_cast<std::size_t>(room.data() + room.size() - p)};
}

}  // namespace vestibule::http

#include <vestibule/http/chunked.hpp>

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr unsigned max_digits = 16;
constexpr unsigned max_extension_bytes = 4096;

// Whether it may stand in a quoted string (RFC 9110 5.6.4), quote and backslash aside.
bool is_text(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 || c == '\t') && u != 0x7F;
}

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
        case state::name:
        case state::in_name:
        case state::behind_name:
        case state::value:
        case state::in_value:
        case state::quoted:
        case state::escaped:
        case state::behind_value:
            return (c == '\r' || ++extension_bytes_ <= max_extension_bytes) && take_extension(c);
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
    state_ = c == ';' ? state::name : state::padding;
    return ++extension_bytes_ <= max_extension_bytes;
}

// One byte of chunk-ext (RFC 9112 7.1.1).
bool chunk_decoder::take_extension(char c) noexcept {
    switch (state_) {
        case state::name:
            if (ascii::is_blank(c)) return true;
            state_ = state::in_name;
            return ascii::token.contains(c);
        case state::in_name:
        case state::behind_name:
            if (state_ == state::in_name && ascii::token.contains(c)) return true;
            if (!ascii::is_blank(c) && c != '=') return end_extension(c);
            state_ = c == '=' ? state::value : state::behind_name;
            return true;
        case state::value:
            if (ascii::is_blank(c)) return true;
            state_ = c == '"' ? state::quoted : state::in_value;
            return c == '"' || ascii::token.contains(c);
        case state::quoted:
            if (c == '"') state_ = state::behind_value;
            if (c == '\\') state_ = state::escaped;
            return is_text(c);
        case state::escaped: state_ = state::quoted; return is_text(c);
        case state::in_value:
            if (ascii::token.contains(c)) return true;
            [[fallthrough]];
        default:  // behind_value
            if (!ascii::is_blank(c)) return end_extension(c);
            state_ = state::behind_value;
            return true;
    }
}

// The byte behind a whole extension: the line's end, or the next one.
bool chunk_decoder::end_extension(char c) noexcept {
    state_ = c == '\r' ? state::size_lf : state::name;
    return c == '\r' || c == ';';
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

// Chunked transfer coding (RFC 9112 7.1): a decoder that is fed bytes as they come, and the framing of
// our own chunks. Strict: CRLF only, at most 16 hex digits, extensions by the grammar (";name",
// ";name=token",
// ";name=\"quoted\"", with white space around). Extensions are dropped; a stream may carry at most 4 KiB more
// of them than it carries payload. White space behind a size, as old servers pad it, counts as extension.
#pragma once

#include <vestibule/base/error.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace vestibule::http {

/// Reads chunk framing, hands out payload. The caller's loop:
///
///     while (!in.empty()) {
///         auto step = decoder.feed(in);            // bytes consumed, payload among them
///         use(step.payload); in.remove_prefix(step.consumed);
///         if (decoder.at_trailers()) ...           // rest of `in` begins with the trailer section
///     }
class chunk_decoder {
  public:
    struct step {
        error_code ec;             // bad_chunk
        std::size_t consumed = 0;  // > 0 unless the input was empty or at_trailers()
        std::string_view payload;  // a view into the input; may be empty
    };

    step feed(std::string_view in) noexcept;

    /// The last chunk was read; what follows is the trailer section, up to and with an empty line.
    bool at_trailers() const noexcept { return state_ == state::trailers; }

  private:
    enum class state : std::uint8_t {
        size,     // in the hex digits
        padding,  // white space between them and ';' or CR
        name,     // behind ';', no character of the name yet
        in_name,
        behind_name,  // white space
        value,        // behind '=', no character of the value yet
        in_value,
        quoted,
        escaped,       // behind a backslash in it
        behind_value,  // white space, or a closing quote
        size_lf,       // CR seen, LF to come
        data,          // `remaining_` bytes of payload to come
        data_cr,
        data_lf,
        trailers,
    };
    bool take_framing(char c) noexcept;
    bool take_size(char c) noexcept;
    bool take_extension(char c) noexcept;
    bool end_extension(char c) noexcept;

    state state_ = state::size;
    std::uint8_t digits_ = 0;
    std::uint16_t extension_bytes_ = 0;  // above what payload has paid for
    std::uint64_t remaining_ = 0;
};

/// Writes the size line of a chunk ("1f\r\n") right-aligned at the end of `room` and returns the view
/// of what was written. `room` must hold 18 bytes.
std::string_view chunk_size_line(std::uint64_t size, std::span<char, 18> room) noexcept;

}  // namespace vestibule::http

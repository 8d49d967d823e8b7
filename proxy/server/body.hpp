// A message body on its way through: taken out of one side's framing, put into the other's.
//
//     while (true) {
//         auto piece = co_await reader.next();          // a view into the buffer, valid until the next call
//         if (!piece) ...error...; if (piece->empty()) break;
//         ec = co_await writer.write(*piece);
//     }
//     ec = co_await writer.finish(trailer_lines);
#pragma once

#include "server/body_copy.hpp"
#include "server/io_buffer.hpp"
#include "server/patience.hpp"

#include <vestibule/base/task.hpp>
#include <vestibule/http/chunked.hpp>
#include <vestibule/http/framing.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/net/stream.hpp>

#include <cstdint>
#include <string_view>

namespace vestibule::server {

/// Errors a reader gives for its side's end, slowness and bad framing.
struct body_errors {
    errc closed;     // end of stream before the end of the body
    errc malformed;  // chunked coding broken
};

/// Reads one body. The buffer may already hold its first bytes; bytes behind the body stay in it.
class body_reader {
  public:
    /// `idle`: set before each read and cleared after; expiry must end the read. `min_rate`: of the sender,
    /// see patience; 0: none.
    body_reader(net::byte_stream& from, io_buffer& buffer, http::body_framing framing, body_errors errors,
                net::deadline& idle, milliseconds idle_limit, std::uint64_t min_rate = 0);

    /// The next payload bytes; empty at the end. Errors: as given, or that of the stream.
    task<result<std::string_view>> next();

    /// What is there already without reading, for the first write; empty where nothing is.
    result<std::string_view> buffered();

    /// Each piece that is handed out from now on is also added there; `copy` has to outlive the reader.
    void copy_to(body_copy* copy) noexcept { copy_ = copy; }

    bool at_end() const noexcept { return done_; }
    /// Whether any byte of the body was taken.
    bool touched() const noexcept { return touched_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    const http::field_list& trailers() const noexcept { return trailers_; }

  private:
    result<std::string_view> take();
    result<std::string_view> take_plain();
    result<std::string_view> take_chunked();
    bool take_trailers(error_code& ec);

    net::byte_stream& from_;
    io_buffer& buffer_;
    http::body_kind kind_;
    std::uint64_t remaining_;
    body_errors errors_;
    net::deadline& idle_;
    patience patience_;
    http::chunk_decoder decoder_;
    http::field_list trailers_;
    std::uint64_t bytes_ = 0;
    bool done_ = false, touched_ = false;
    body_copy* copy_ = nullptr;
};

/// Writes one body. `idle` is set while the other side takes nothing; expiry must end the write. `min_rate`:
/// of the receiver, see patience; 0: none.
class body_writer {
  public:
    body_writer(net::byte_stream& to, bool chunked, net::deadline& idle, milliseconds idle_limit,
                std::uint64_t min_rate = 0)
        : to_(to), chunked_(chunked), idle_(idle), patience_(idle_limit, min_rate) {}

    /// Writes `head` (may be empty) and one piece of payload (may be empty) in one go.
    task<error_code> write(std::string_view head, std::string_view piece);

    /// The last chunk with finished trailer lines, where the body is chunked.
    task<error_code> finish(std::string_view trailer_lines);

  private:
    net::byte_stream& to_;
    bool chunked_;
    net::deadline& idle_;
    patience patience_;
};

}  // namespace vestibule::server

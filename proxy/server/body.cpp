#include "server/body.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace vestibule::server {
namespace {

constexpr std::size_t max_trailer_bytes = 8 * 1024;  // the whole trailer section
constexpr std::size_t max_trailer_fields = 64;

boost::asio::const_buffer to_buffer(std::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

body_reader::body_reader(net::byte_stream& from, io_buffer& buffer, http::body_framing framing,
                         body_errors errors, net::deadline& idle, milliseconds idle_limit,
                         std::uint64_t min_rate)
    : from_(from),
      buffer_(buffer),
      kind_(framing.kind),
      remaining_(framing.length),
      errors_(errors),
      idle_(idle),
      patience_(idle_limit, min_rate),
      done_(kind_ == http::body_kind::none || (kind_ == http::body_kind::length && remaining_ == 0)) {}

result<std::string_view> body_reader::buffered() {
    if (done_) return std::string_view{};
    return take();
}

task<result<std::string_view>> body_reader::next() {
    for (;;) {
        if (done_) co_return std::string_view{};
        result<std::string_view> piece = take();
        if (!piece || !piece->empty() || done_) co_return piece;
        auto room = buffer_.room();
        if (room.size() == 0) {
            // Only a trailer section is collected; everything else is handed out as it comes.
            co_return errors_.malformed;
        }
        const mono_time began = mono_now();
        idle_.set(patience_.left());
        const auto [ec, n] = co_await net::read_some(from_, room);
        idle_.clear();
        patience_.waited(std::chrono::duration_cast<milliseconds>(mono_now() - began), n);
        if (ec == boost::asio::error::eof && kind_ == http::body_kind::until_close) {
            done_ = true;
            co_return std::string_view{};
        }
        if (ec == boost::asio::error::eof || ec == boost::asio::error::connection_reset)
            co_return errors_.closed;
        if (ec) co_return ec;
        buffer_.commit(n);
        if (n == room.size()) buffer_.grow(buffer_pool::large_block);
    }
}

result<std::string_view> body_reader::take() {
    const auto piece = kind_ == http::body_kind::chunked ? take_chunked() : take_plain();
    if (copy_ != nullptr && piece) copy_->add(*piece);
    return piece;
}

result<std::string_view> body_reader::take_plain() {
    std::string_view piece = buffer_.view();
    if (kind_ == http::body_kind::length) {
        piece = piece.substr(0, std::min<std::uint64_t>(piece.size(), remaining_));
        remaining_ -= piece.size();
        done_ = remaining_ == 0;
    }
    buffer_.consume(piece.size());
    bytes_ += piece.size();
    touched_ = touched_ || !piece.empty();
    return piece;
}

result<std::string_view> body_reader::take_chunked() {
    while (!buffer_.empty()) {
        if (decoder_.at_trailers()) {
            error_code ec;
            if (take_trailers(ec)) done_ = true;
            if (ec) return ec;
            return std::string_view{};
        }
        const http::chunk_decoder::step step = decoder_.feed(buffer_.view());
        if (step.ec) return errors_.malformed;
        buffer_.consume(step.consumed);
        touched_ = true;
        if (!step.payload.empty()) {
            bytes_ += step.payload.size();
            return step.payload;
        }
    }
    return std::string_view{};
}

// Whether the trailer section is complete.
bool body_reader::take_trailers(error_code& ec) {
    const std::string_view bytes = buffer_.view();
    const std::size_t end = http::find_trailers_end(bytes);
    if (end == std::string_view::npos) {
        if (bytes.size() > max_trailer_bytes) ec = errors_.malformed;
        return false;
    }
    if (end > max_trailer_bytes || http::parse_trailers(bytes.substr(0, end), max_trailer_fields, trailers_))
        ec = errors_.malformed;
    buffer_.consume(end);
    return true;
}

task<error_code> body_writer::write(std::string_view head, std::string_view piece) {
    // Size line and line end around a piece that is not copied.
    std::array<char, 18> room;
    const bool framed = chunked_ && !piece.empty();
    const std::string_view line = framed ? http::chunk_size_line(piece.size(), room) : std::string_view();
    const std::string_view line_end = framed ? "\r\n" : "";
    auto writing = net::write_all(to_, idle_, patience_.left(), to_buffer(head), to_buffer(line),
                                  to_buffer(piece), to_buffer(line_end));
    const error_code ec = co_await writing;
    patience_.waited(writing.waited(), head.size() + piece.size());
    co_return ec;
}

task<error_code> body_writer::finish(std::string_view trailer_lines) {
    if (!chunked_) co_return error_code{};
    co_return co_await net::write_all(to_, idle_, patience_.left(), to_buffer("0\r\n"),
                                      to_buffer(trailer_lines), to_buffer("\r\n"));
}

}  // namespace vestibule::server

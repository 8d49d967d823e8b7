#include "server/request_pump.hpp"

#include "server/backend_head.hpp"

namespace vestibule::server {

request_pump::request_pump(body_reader& from, body_writer to, std::optional<std::uint64_t> limit,
                           const http::name_set& stripped, std::function<void()> on_end)
    : from_(from), to_(to), limit_(limit), stripped_(stripped), on_end_(std::move(on_end)) {}

void request_pump::start() {
    started_ = true;
    detach(run());
}

task<void> request_pump::join() {
    if (started_ && !ended_) co_await end_;
}

task<void> request_pump::run() {
    co_await relay();
    ended_ = true;
    on_end_();
    end_.set();
}

task<void> request_pump::relay() {
    for (;;) {
        const result<std::string_view> piece = co_await from_.next();
        if (!piece) {
            client_error_ = piece.error();
            co_return;
        }
        if (limit_ && from_.bytes() > *limit_) {
            client_error_ = errc::body_too_large;
            co_return;
        }
        if (piece->empty()) break;
        backend_error_ = co_await to_.write({}, *piece);
        if (backend_error_) co_return;
    }
    std::string trailers;
    append_trailers(trailers, from_.trailers(), stripped_);
    backend_error_ = co_await to_.finish(trailers);
}

}  // namespace vestibule::server

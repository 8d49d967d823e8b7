// respond: the backend's answer to the client.
#include "server/exchange.hpp"
#include "server/long_lived.hpp"

namespace vestibule::server {

task<fate> exchange::respond(bool request_done) {
    if (response_.status == 101) {
        if (upgrade_ && switched_as_asked()) co_return co_await respond_upgrade();
        fail(errc::bad_response);  // nobody asked for it, or for something else
        co_return fate::keep;
    }
    const auto framing = http::response_framing(response_, method_);
    if (!framing) {
        fail(framing.error());
        co_return request_done ? fate::keep : fate::linger;
    }
    const auto& timeouts = site_->params.timeouts;
    const bool delimited = framing->kind == http::body_kind::none || framing->kind == http::body_kind::length;
    const bool chunked = !delimited && head_.version == 11;
    const bool close_delimited = !delimited && head_.version == 10;
    const bool stay = keep_alive_ && request_done && !close_delimited && !w_.draining;

    body_reader body(*upstream_, upstream_in_, *framing, {errc::truncated_response, errc::bad_response},
                     upstream_limit_, timeouts.response);
    const bool express = site_->params.session.cookie.forward && session_;
    if (express && !co_await look_again(body, *framing)) co_return request_done ? fate::keep : fate::linger;
    if (site_->has_effects && !co_await settle_effects(body))
        co_return request_done ? fate::keep : fate::linger;
    if (!set_cookie_.empty() && session_) co_await check_cookie();
    const backend_cookie cookie = settle_cookie();
    build_client_head(client_head_, *site_, response_, cookie,
                      {.chunked = chunked,
                       .close = !stay,
                       .keep_alive_1_0 = stay && head_.version == 10,
                       .upgrade = false,
                       .set_cookie = set_cookie_,
                       .cors = site_->cors.on(),
                       .cors_lines = cors_,
                       .vaulted = vaulted_});
    status_ = response_.status;
    response_begun_ = true;

    const bool backend_keeps =
        !framing->dubious && http::wants_keep_alive(response_.version, response_.fields);
    body_writer writer(client_.stream, chunked, client_.write_limit, timeouts.idle_body,
                       site_->params.limits.min_rate);
    fate relayed;
    if (!delimited && is_event_stream(response_.fields))
        relayed = co_await relay_event_stream(body, writer, close_delimited);
    else
        relayed = co_await relay_response(body, writer, close_delimited);
    if (relayed != fate::keep) co_return relayed;
    // Bytes behind the response are nobody's answer: such a connection is not used again.
    if (backend_keeps && framing->kind != http::body_kind::until_close && upstream_in_.empty() &&
        request_done && ended_ == stream_end::none && !abandoned_)
        upstream_.keep();
    co_return stay ? fate::keep : request_done ? fate::close : fate::linger;
}

task<fate> exchange::relay_response(body_reader& body, body_writer& writer, bool close_delimited) {
    const fate cut = close_delimited ? fate::reset : fate::close;
    const bool held = capture_ && capture_->held;
    result<std::string_view> piece = held ? std::string_view(capture_->answer_pieces) : body.buffered();
    std::string_view head = client_head_;
    for (;;) {
        if (ended_ != stream_end::none) co_return co_await finish_event_stream(writer, close_delimited);
        if (!piece) {
            // The backend's truncated answer is truncated to the client too, never a clean end.
            if (!head.empty()) co_await writer.write(head, {});
            fail(why_no_answer(piece.error()));
            co_return cut;
        }
        if (const error_code ec = co_await writer.write(head, *piece)) {
            if (ended_ == stream_end::none) fail(client_write_error());
            co_return fate::close;
        }
        bytes_sent_ += head.size() + piece->size();
        head = {};
        if (body.at_end()) break;
        piece = co_await body.next();
        if (piece && piece->empty() && body.at_end()) break;
    }
    std::string trailers;
    append_trailers(trailers, body.trailers(), site_->stripped);
    if (co_await writer.finish(trailers)) {
        fail(client_write_error());
        co_return fate::close;
    }
    co_return fate::keep;
}

// Whose session cookie the client gets.
backend_cookie exchange::settle_cookie() {
    const backend_cookie cookie = judge_backend_cookies(*site_, response_.fields);
    if (cookie != backend_cookie::valid) return cookie;
    // The session has a sid that the backend does not know of.
    if (renewed_) return backend_cookie::refused;
    follow_backend_cookie();
    set_cookie_.clear();  // the backend speaks express itself: its word counts
    return cookie;
}

task<fate> exchange::respond_upgrade() {
    if (site_->has_effects && !co_await settle_upgrade()) co_return fate::keep;
    if (!set_cookie_.empty() && session_) co_await check_cookie();
    const backend_cookie cookie = settle_cookie();
    build_client_head(client_head_, *site_, response_, cookie,
                      {.upgrade = true, .set_cookie = set_cookie_, .vaulted = vaulted_});
    status_ = 101;
    response_begun_ = true;
    body_writer writer(client_.stream, false, client_.write_limit, site_->params.timeouts.idle_body);
    if (co_await writer.write(client_head_, std::string_view())) {
        fail(client_write_error());
        co_return fate::close;
    }
    co_return co_await run_tunnel();
}

}  // namespace vestibule::server

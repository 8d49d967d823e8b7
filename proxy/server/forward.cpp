// forward: the request to the backend, and the head of its answer back.
#include "server/exchange.hpp"
#include "server/request_pump.hpp"

#include <boost/asio/error.hpp>

#include <functional>
#include <optional>
#include <span>

namespace vestibule::server {

namespace {

constexpr std::size_t max_response_head = 256 * 1024;
constexpr int max_interim_responses = 32;

bool idempotent(std::string_view method) {
    for (const std::string_view m : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
        if (method == m) return true;
    return false;
}

}  // namespace

task<fate> exchange::forward() {
    const auto& timeouts = site_->params.timeouts;
    const std::string session_cookie = forwarded_cookie();
    std::span<const session::vault_cookie> kept;
    if (site_->vault.on() && session_) kept = notes().vault;
    prepare_capture(kept);
    build_backend_head(
        backend_head_, *site_,
        {.head = head_,
         .target = target_,
         .framing = framing_,
         .client = facts_,
         .peer = client_.peer_text,
         .request_id = request_id_,
         .traceparent = traceparent_,
         .injected = injected_,
         .remaining = remaining_lines(),
         .assertion = site_->assertion ? assertion_line() : std::string_view(),
         .client_subject = client_.subject,
         .cookies = {kept, target_.path, kept.empty() ? unix_time{} : wall_now(), session_cookie},
         .upgrade = upgrade_,
         .plain_answer = capture_ && capture_->plain_answer});
    const bool expecting = head_.version == 11 && !head_.fields.find(http::field_id::expect).empty();
    body_reader request_body(client_.stream, client_.in, framing_, {errc::client_closed, errc::bad_chunk},
                             client_.read_limit, timeouts.idle_body, site_->params.limits.min_rate);
    if (capture_ && capture_->copy_request) request_body.copy_to(&capture_->request_body);
    std::string_view first_piece;
    if (abandoned_) {  // while the store was asked
        fail(errc::client_closed);
        co_return fate::close;
    }
    if (!expecting) {
        const auto buffered = request_body.buffered();
        if (!buffered) {
            fail(buffered.error());
            co_return fate::linger;
        }
        first_piece = *buffered;
    }
    if (request_body.at_end())
        body_ = body_progress::complete;
    else if (request_body.touched())
        body_ = body_progress::partly;
    const bool has_body = framing_.kind != http::body_kind::none &&
                          framing_.length + (framing_.kind == http::body_kind::chunked) > 0;
    const bool harmless = !has_body && idempotent(method_);
    search_.how = harmless ? upstream::reuse::allowed : upstream::reuse::verified;
    for (;;) {
        upstream_ = w_.backends.at_hand(search_);
        if (!upstream_ && !co_await find_backend()) co_return abandoned_ ? fate::close : fate::keep;
        upstream_in_.clear();
        fate_ = fate::keep;
        const bool again = co_await talk(request_body, first_piece);
        if (!again || !find_another(harmless)) break;
        failure_ = {};
    }
    if (failure_ && answer_.status == 0 && !response_begun_) fail(failure_);
    upstream_limit_.clear();
    upstream_.reset();
    co_return fate_;
}

// What a backend that speaks express gets instead of the client's cookie, whose sid leads nowhere by now.
std::string exchange::forwarded_cookie() const {
    return other_sid_ && site_->params.session.cookie.forward ? site_->signer.sign(sid_) : std::string();
}

// A connection that is not at hand. Meanwhile the client may lose its patience.
task<bool> exchange::find_backend() {
    client_.watch.set(client_ended_ ? next_look : watch_interval);
    auto found = co_await w_.backends.acquire(search_);
    if (!client_ended_) client_.watch.clear();
    if (found && !abandoned_) {
        upstream_ = std::move(*found);
        co_return true;
    }
    fail(abandoned_ ? error_code(errc::client_closed) : found.error());
    co_return false;
}

// Where an attempt that came to nothing goes on, if it may. A connection that was used before may have been
// stale: the same backend is asked once more, on a fresh one. Else the backend has failed, and a request that
// can do no harm goes to another one, once.
bool exchange::find_another(bool harmless) {
    if (upstream_.reused() && search_.how != upstream::reuse::never) {
        w_.metrics.stale_retries.add();
        w_.backends.replace(search_, upstream_);
        // What may have begun there does not begin anywhere else.
        search_.stay = !harmless;
        return true;
    }
    if (!harmless || moved_ || !w_.backends.has_other(search_)) return false;
    moved_ = true;
    upstream_.reset();
    search_.how = upstream::reuse::allowed;
    return true;
}

// One attempt over upstream_. True: nothing has happened, it may be tried again on a fresh connection
// (failure_ says what went wrong).
task<bool> exchange::talk(body_reader& request_body, std::string_view first_piece) {
    const auto& timeouts = site_->params.timeouts;
    const bool chunked = framing_.kind == http::body_kind::chunked;
    body_writer to_backend(*upstream_, chunked, upstream_write_limit_, timeouts.idle_body);
    upstream_timed_out_ = false;
    bool head_received = false;
    sent_ = std::chrono::steady_clock::now();

    error_code sending = co_await to_backend.write(backend_head_, first_piece);
    std::optional<request_pump> pumping;
    auto on_end = [&] {
        const request_pump& pump = *pumping;
        if (pump.client_error()) {
            // Without its end the request means nothing to the backend.
            if (!head_received) upstream_->close();
        } else if (!head_received) {
            await_answer();
        }
    };
    // By reference, or it would need memory of its own.
    request_pump& pump = pumping.emplace(request_body, to_backend, site_->params.limits.body, site_->stripped,
                                         std::ref(on_end));
    const bool complete = request_body.at_end() && !chunked;
    if (!sending && !complete) pump.start();
    if (!sending && (complete || pump.ended())) await_answer();

    // Where sending failed the backend may have answered all the same.
    client_.watch.set(client_ended_ ? next_look : watch_interval);
    const error_code ec = co_await read_response_head();
    head_received = !ec;
    if (!client_ended_) client_.watch.clear();
    answer_due_ = mono_time::max();
    upstream_us_ = std::uint64_t(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - sent_)
            .count());
    bool again = false;
    if (!ec) {
        w_.metrics.backend_duration.observe(upstream_us_);
        w_.backends.answered(upstream_);
        const bool request_done =
            (complete && !sending) || (pump.ended() && !pump.client_error() && !pump.backend_error());
        fate_ = co_await respond(request_done);
    } else if (pump.client_error()) {
        failure_ = client_side_error(pump.client_error());
    } else {
        failure_ = why_no_answer(ec);
        again = failure_ == ec && may_repeat(ec, request_body, !sending);
        const bool stale = again && upstream_.reused() && search_.how != upstream::reuse::never;
        if (!stale && side_of(failure_) == side::upstream) w_.backends.failed(search_, upstream_, failure_);
    }
    if (!complete && !sending && !pump.ended()) {
        // The answer is out (or never comes): what is left of the request interests nobody.
        if (!again) {
            upstream_->close();
            fate_ = fate_ == fate::keep ? fate::linger : fate_;
        }
        client_.stream.cancel();
        co_await pump.join();
        if (again && request_body.touched()) again = false;
    }
    if (pump.ended() && !pump.client_error() && !pump.backend_error())
        body_ = body_progress::complete;
    else if (request_body.touched() && body_ == body_progress::untouched)
        body_ = body_progress::partly;
    co_return again;
}

// The request is through: the backend's time runs.
void exchange::await_answer() noexcept {
    const milliseconds limit = site_->params.timeouts.response;
    if (limit > milliseconds(0)) answer_due_ = mono_now() + limit;
}

// A request may be sent again when nothing came back and either it never left as a whole or it has no
// body that was touched. Those that are not idempotent went over a connection that was looked at first
// (reuse::verified), so that only a close at the very same moment repeats them.
bool exchange::may_repeat(error_code ec, const body_reader& request_body, bool sent) const {
    const bool closed = ec == errc::upstream_closed || !sent;
    return closed && upstream_in_.empty() && !interim_passed_ && (!sent || !request_body.touched());
}

task<error_code> exchange::read_response_head() {
    for (int interim = 0; interim <= max_interim_responses; ++interim) {
        std::size_t searched = 0, end = std::string_view::npos;
        while ((end = http::find_head_end(upstream_in_.view(), searched)) == std::string_view::npos) {
            searched = upstream_in_.view().size();
            if (upstream_in_.room().size() == 0) upstream_in_.grow(upstream_in_.capacity() * 2);
            if (searched >= max_response_head) co_return errc::bad_response;
            const auto [ec, n] = co_await net::read_some(*upstream_, upstream_in_.room());
            if (ec) co_return searched == 0 ? errc::upstream_closed : errc::truncated_response;
            upstream_in_.commit(n);
            if (!http::may_begin_response(upstream_in_.view())) co_return errc::bad_response;
        }
        response_.fields.clear();
        if (const error_code ec = http::parse_response_head(upstream_in_.view().substr(0, end), response_))
            co_return ec;
        upstream_in_.consume(end);
        if (response_.status < 200)
            if (const auto framing = http::response_framing(response_, method_); !framing)
                co_return framing.error();
        if (response_.status >= 200 || response_.status == 101) co_return error_code{};
        if (interim == max_interim_responses) break;
        if (const error_code ec = co_await pass_interim()) co_return ec;
    }
    co_return errc::bad_response;
}

// 100 Continue, 103 Early Hints: to clients that know them (RFC 9110 15.2).
task<error_code> exchange::pass_interim() {
    interim_passed_ = true;
    drop_vaulted();
    if (head_.version == 10) co_return error_code{};
    build_client_head(client_head_, *site_, response_, judge_backend_cookies(*site_, response_.fields),
                      {.cors = site_->cors.on()});
    body_writer to_client(client_.stream, false, client_.write_limit, site_->params.timeouts.idle_body,
                          site_->params.limits.min_rate);
    const error_code ec = co_await to_client.write(client_head_, {});
    co_return ec ? error_code(client_write_error()) : ec;
}

}  // namespace vestibule::server

#include "server/exchange.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/http/canned.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>

namespace vestibule::server {

using http::field_id;

namespace {

unsigned status_for(error_code ec) {
    if (ec.category() != vestibule_category()) return 502;
    switch (static_cast<errc>(ec.value())) {
        case errc::malformed_head:
        case errc::bad_framing:
        case errc::bad_target:
        case errc::bad_chunk: return 400;
        case errc::client_timeout: return 408;
        case errc::body_too_large: return 413;
        case errc::target_too_long: return 414;
        case errc::head_too_large:
        case errc::too_many_headers: return 431;
        case errc::bad_expectation: return 417;
        case errc::client_closed: return 499;  // only for the log: nobody reads an answer
        case errc::connect_timeout:
        case errc::response_timeout: return 504;
        case errc::pending_full:
        case errc::pending_timeout:
        case errc::pending_shed: return 503;
        default: return side_of(ec) == side::store ? 503 : 502;
    }
}

// For the log of a target that was not understood: its path, without what may be secret around it.
std::string_view path_as_sent(std::string_view target) {
    if (const auto scheme = target.find("://"); scheme != std::string_view::npos) {
        target.remove_prefix(scheme + 3);
        target.remove_prefix(std::min(target.find('/'), target.size()));
    } else if (!target.starts_with('/')) {
        return {};
    }
    return target.substr(0, target.find('?'));
}

std::uint64_t microseconds_since(std::chrono::steady_clock::time_point t) {
    return std::uint64_t(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - t).count());
}

}  // namespace

exchange::exchange(worker_state& w, client_side client)
    : w_(w),
      site_(w.current),
      client_(client),
      memory_(w.buffers.take()),
      upstream_limit_(w.sweeper, [this] { backend_is_late(); }),
      upstream_write_limit_(w.sweeper, [this] { backend_is_late(); }),
      started_(std::chrono::steady_clock::now()) {}

// Told of the client's end, as long as the exchange runs.
class exchange::end_watch final : public net::io_completion {
  public:
    explicit end_watch(exchange& e) : io_completion(&told), e_(e) {
        if (e_.client_.stream.watch_end(this)) e_.client_ended(boost::asio::error::eof);
    }
    ~end_watch() { e_.client_.stream.watch_end(nullptr); }

  private:
    static void told(io_completion& c) { static_cast<end_watch&>(c).e_.client_ended(c.result.ec); }
    exchange& e_;
};

void exchange::backend_is_late() noexcept {
    upstream_timed_out_ = true;
    if (upstream_) upstream_->close();
}

void exchange::look() noexcept {
    if (client_.stream.peer_closed()) return abandon();
    if (mono_now() >= answer_due_) return backend_is_late();
    client_.watch.set(watch_interval);
}

// An end may also be that of a client which waits for the answer still (half-closed): it gets what comes
// until the next sweep.
void exchange::client_ended(error_code how) noexcept {
    client_ended_ = true;
    if (how == boost::asio::error::eof) return client_.watch.set(next_look);
    abandon();
}

void exchange::abandon() noexcept {
    abandoned_ = true;
    search_.give_up();
    if (upstream_) upstream_->close();
}

task<fate> exchange::run(std::string_view head) {
    const end_watch watching(*this);
    bool pass = read_request(head);
    if (pass) {
        match_route();
        if (site_->guarded) pass = guard();
    }
    if (pass) {
        if (!session_at_hand()) co_await load_session();
        if (renewal_ != session::sid_step::keep) co_await renew_sid();
        pass = settle_session();
    }
    if (pass) pass = decide();
    if (pass && upgrade_) pass = judge_upgrade();
    if (pass) fate_ = co_await forward();
    if (answer_.status != 0) fate_ = co_await send_answer();
    log_exchange();
    co_return fate_;
}

task<fate> exchange::refuse(errc why) {
    fail(why);
    fate_ = co_await send_answer();
    log_exchange();
    co_return fate_;
}

bool exchange::read_request(std::string_view head) {
    head_size_ = head.size();
    error_code ec = http::parse_request_head(head, site_->params.limits.head, head_);
    if (!ec) {
        method_ = head_.method;
        const auto framing = http::request_framing(head_);
        if (framing)
            framing_ = *framing;
        else
            ec = framing.error();
    }
    if (!ec) ec = http::normalise_target(head_.target, target_);
    if (!ec) ec = http::check_authority(target_, head_.fields.find(field_id::host));
    if (site_->cors.on()) note_origin();
    if (ec) {
        target_.path = path_as_sent(head_.target);
        fail(ec);
        return false;
    }
    client_.in.consume(head_size_);
    keep_alive_ = !client_.last && http::wants_keep_alive(head_.version, head_.fields);
    upgrade_ = asks_for_upgrade(head_, framing_);
    http::find_client(head_.fields, client_.peer, client_.tls, site_->params.trusted_proxies, facts_);
    if (target_.https && !facts_.https && !facts_.peer_trusted) {
        fail(errc::bad_target);  // what is asked for is not what came (RFC 9110 7.4)
        return false;
    }
    const std::string_view id = head_.fields.find_named("X-Request-Id");
    if (http::valid_request_id(id))
        request_id_ = id;
    else
        http::append_request_id(request_id_);
    const std::string_view trace = head_.fields.find_named("traceparent");
    if (http::valid_traceparent(trace))
        traceparent_ = trace;
    else
        http::append_traceparent(traceparent_);
    if (const auto& limit = site_->params.limits.body; limit && framing_.length > *limit) {
        fail(errc::body_too_large);
        return false;
    }
    return true;
}

void exchange::match_route() {
    std::string_view host = target_.authority;
    if (host.empty()) host = head_.fields.find(field_id::host);
    route_ = site_->routes.match({method_, target_.match_path, host});
    matched_ = true;
}

bool exchange::decide() {
    const policy::route_params& route = site_->routes.at(route_);
    if (route.session != policy::session_mode::required) return true;
    if (meets_route()) return true;
    w_.metrics.denied.add();
    const std::string original = target_.path + std::string(target_.query);
    const policy::denial_answer a =
        policy::answer_denial(route.deny, {method_, original, head_.fields.find(field_id::sec_fetch_mode),
                                           head_.fields.find(field_id::accept)});
    answer(a.status, a.location.empty() ? std::string() : "Location: " + a.location + "\r\n");
    return false;
}

void exchange::answer(unsigned status, std::string_view extra) {
    answer_.status = status;
    answer_.extra = extra;
}

void exchange::fail(error_code ec) {
    failure_ = ec;
    const unsigned status = status_for(ec);
    if (!response_begun_) answer(status, status == 503 ? "Retry-After: 1\r\n" : "");
    status_ = response_begun_ ? status_ : status;
    w_.metrics.count_failure(side_of(ec));
}

// Whether the connection stands at the next request; takes a body that is there as a whole.
bool exchange::skip_request_body() {
    if (body_ != body_progress::untouched) return body_ == body_progress::complete;
    if (framing_.kind == http::body_kind::none) return true;
    if (framing_.kind != http::body_kind::length || framing_.length > client_.in.view().size()) return false;
    client_.in.consume(framing_.length);
    return true;
}

// What ended the reading of a request body, in our words.
error_code exchange::client_side_error(error_code ec) const {
    if (ec.category() == vestibule_category()) return ec;
    return client_.read_timed_out ? errc::client_timeout : errc::client_closed;
}

// What ended the reading of the backend's answer, which may have been we.
error_code exchange::why_no_answer(error_code ec) const noexcept {
    if (abandoned_) return errc::client_closed;
    return upstream_timed_out_ ? error_code(errc::response_timeout) : ec;
}

// Why the client got no more.
errc exchange::client_write_error() const noexcept {
    return client_.write_timed_out ? errc::client_timeout : errc::client_closed;
}

task<fate> exchange::send_answer() {
    const bool heard = status_for(failure_) != 499 || !failure_;
    status_ = answer_.status;
    if (!heard) co_return fate::close;
    // A request that was not understood, or whose body is under way, leaves nothing to go on with.
    const bool readable =
        !failure_ || side_of(failure_) == side::store || side_of(failure_) == side::upstream;
    const bool go_on =
        readable && keep_alive_ && !w_.draining && fate_ != fate::linger && skip_request_body();
    client_head_.clear();
    http::append_canned(client_head_, answer_.status, answer_.extra + set_cookie_ + cors_of_answer(), !go_on,
                        method_ == "HEAD");
    const error_code ec =
        co_await net::write_all(client_.stream, client_.write_limit, site_->params.timeouts.idle_body,
                                boost::asio::buffer(client_head_));
    bytes_sent_ = client_head_.size();
    if (ec) co_return fate::close;
    co_return go_on ? fate::keep : fate::linger;
}

std::string exchange::client_text() const {
    return facts_.address ? facts_.address->to_string() : std::string(client_.peer_text);
}

// A turn in the life of the session; `from`: the handle it had before.
void exchange::log_session(std::string_view event, std::string_view why, std::string_view from) const {
    if (!log::sessions_enabled()) return;
    const std::string address = client_text();
    log::info(event, {{"handle", handle_},
                      {"from", from},
                      {"reason", why},
                      {"client", address},
                      {"route", site_->routes.name(route_)},
                      {"request_id", request_id_}});
}

void exchange::log_exchange() {
    if (request_id_.empty()) http::append_request_id(request_id_);
    const std::uint64_t took = microseconds_since(started_);
    const std::string_view route = matched_ ? site_->routes.name(route_) : "none";
    w_.metrics.count_request(route, status_, outcome_);
    w_.metrics.request_duration.observe(took);
    if (failure_)
        log::write(side_of(failure_) == side::downstream ? log::level::info : log::level::warn,
                   "exchange failed",
                   {{"side", to_string(side_of(failure_))},
                    {"error", failure_.message()},
                    {"status", status_},
                    {"method", method_},
                    {"path", target_.path},
                    {"request_id", request_id_}});
    if (!log::access_enabled()) return;
    const std::string address = client_text();
    const log::field line[] = {{"client", address},
                               {"method", method_},
                               {"path", target_.path},
                               {"status", status_},
                               {"bytes", bytes_sent_},
                               {"duration_ms", double(took) / 1000},
                               {"upstream_ms", double(upstream_us_) / 1000},
                               {"route", route},
                               {"session", to_string(outcome_)},
                               {"handle", handle_},
                               {"request_id", request_id_},
                               {"ended", to_string(ended_)}};
    log::access({line, std::size(line) - (ended_ == stream_end::none ? 1 : 0)});
}

}  // namespace vestibule::server

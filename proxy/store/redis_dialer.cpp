#include "store/redis_dialer.hpp"

#include "store/redis_operation.hpp"

#include <algorithm>

namespace vestibule::store {
namespace {

const net::tls_purpose tls_purpose{"the session store", "store.tls"};

milliseconds left_until(mono_time t) noexcept {
    return std::max(std::chrono::ceil<milliseconds>(t - exact_now()), milliseconds(1));
}

}  // namespace

std::string name_of(const net::endpoint& e) {
    if (!e.unix_path.empty()) return e.unix_path;
    const bool v6 = e.host.find(':') != std::string::npos;
    return (v6 ? '[' + e.host + ']' : e.host) + ':' + std::to_string(e.port);
}

greeting greeting_of(const store_params& p) {
    return {.user = p.url.user,
            .password = p.url.password,
            .database = p.url.database,
            .wanted = p.near_cache.enabled && reply_decoder::reads_resp3() ? resp_version::three
                                                                           : resp_version::two,
            .primary = p.url.kind == store_kind::sentinel,
            .tls = p.url.tls,
            .certificate = !p.url.tls_params.certificate.empty()};
}

redis_dialer::redis_dialer(boost::asio::io_context& io, const store_params& p, net::endpoint to, greeting g,
                           milliseconds limit)
    : io_(io),
      to_(std::move(to)),
      greeting_(std::move(g)),
      most_(limit),
      tls_(p.url.tls ? net::tls_client_context::of(p.url.tls_params, tls_purpose) : nullptr) {}

void redis_dialer::cancel() {
    cancelled_ = true;
    if (limit_) limit_->close_now();
}

error_code redis_dialer::failed(errc why, std::string problem) {
    problem_ = std::move(problem);
    return why;
}

task<result<dialer::dialled>> redis_dialer::open() {
    const mono_time until = exact_now() + most_;
    auto stream = co_await net::connect(io_, to_, left_until(until));
    if (cancelled_) co_return failed(errc::store_unavailable, {});
    if (!stream)
        co_return failed(errc::store_unavailable, stream.error() == errc::connect_timeout
                                                      ? "no connection in time"
                                                      : "connection refused, host unreachable or not found");
    if (tls_) {
        std::string problem;
        const auto context = tls_->current(problem);
        if (!context) co_return failed(errc::store_unavailable, "TLS: " + problem);
        const std::string name = tls_->name_of(to_.host);
        stream = co_await net::start_tls(io_, std::move(*stream), *context, name, left_until(until), problem);
        if (cancelled_) co_return failed(errc::store_unavailable, {});
        if (!stream) co_return failed(errc::store_unavailable, "TLS: " + problem);
    }
    co_return co_await greet_in_time(std::move(*stream), until);
}

task<result<dialer::dialled>> redis_dialer::greet_in_time(std::unique_ptr<net::byte_stream> stream,
                                                          mono_time until) {
    limit_.emplace(io_, *stream, until);
    std::string problem;
    const auto greeted = co_await greet(*stream, greeting_, problem);
    const bool too_late = exact_now() >= until;
    limit_.reset();
    if (cancelled_) co_return failed(errc::store_unavailable, {});
    if (too_late) co_return failed(errc::store_unavailable, "no answer to the greeting in time");
    if (!greeted) co_return failed(static_cast<errc>(greeted.error().value()), std::move(problem));
    co_return dialled{std::move(stream), *greeted, to_};
}

}  // namespace vestibule::store

#include "store/redis_dialer.hpp"

#include <vestibule/net/connect.hpp>

#include "store/redis_operation.hpp"

#include <openssl/ssl.h>

#include <algorithm>

namespace vestibule::store {
namespace {

milliseconds left_until(mono_time t) noexcept {
    return std::max(std::chrono::ceil<milliseconds>(t - exact_now()), milliseconds(1));
}

}  // namespace

redis_dialer::redis_dialer(boost::asio::io_context& io, const store_url& url, resp_version wanted)
    : io_(io), url_(url), wanted_(wanted), limit_(io) {
    if (!url_.tls) return;
    tls_.emplace(boost::asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
    tls_->set_verify_mode(boost::asio::ssl::verify_peer);
    error_code ignored;  // without system CAs no certificate will pass, which is reported then
    tls_->set_default_verify_paths(ignored);
}

void redis_dialer::cancel() {
    cancelled_ = true;
    limit_.cancel();
    if (*greeting_) (*greeting_)->close();
}

error_code redis_dialer::failed(errc why, std::string problem) {
    problem_ = std::move(problem);
    return why;
}

task<result<redis_dialer::dialled>> redis_dialer::open() {
    const mono_time until = exact_now() + connect_timeout;
    const net::endpoint to{url_.host, url_.port, url_.unix_path};  // no temporary: g++ 12 destroys it twice
    auto stream = co_await net::connect(io_, to, left_until(until));
    if (cancelled_) co_return failed(errc::store_unavailable, {});
    if (!stream)
        co_return failed(errc::store_unavailable, stream.error() == errc::connect_timeout
                                                      ? "no connection in time"
                                                      : "connection refused, host unreachable or not found");
    if (tls_) {
        std::string problem;
        stream =
            co_await net::start_tls(io_, std::move(*stream), *tls_, url_.host, left_until(until), problem);
        if (cancelled_) co_return failed(errc::store_unavailable, {});
        if (!stream) co_return failed(errc::store_unavailable, "TLS: " + problem);
    }
    co_return co_await greet_in_time(std::move(*stream), until);
}

task<result<redis_dialer::dialled>> redis_dialer::greet_in_time(std::unique_ptr<net::byte_stream> stream,
                                                                mono_time until) {
    *greeting_ = stream.get();
    limit_.expires_at(until);
    // It may be queued already when it is cancelled, and outlive the dialer.
    limit_.async_wait([greeting = greeting_](const error_code& ec) {
        if (!ec && *greeting) (*greeting)->close();
    });
    std::string problem;
    const auto greeted = co_await greet(*stream, url_, wanted_, problem);
    const bool too_late = exact_now() >= until;
    *greeting_ = nullptr;
    limit_.cancel();
    if (cancelled_) co_return failed(errc::store_unavailable, {});
    if (too_late) co_return failed(errc::store_unavailable, "no answer to the greeting in time");
    if (!greeted) co_return failed(static_cast<errc>(greeted.error().value()), std::move(problem));
    co_return dialled{std::move(stream), *greeted};
}

}  // namespace vestibule::store

// How a redis_connection comes to be connected, and what is logged about it.
#include <vestibule/base/logger.hpp>
#include <vestibule/net/connect.hpp>

#include "store/redis_connection.hpp"
#include "store/redis_greeting.hpp"

#include <openssl/ssl.h>

#include <algorithm>

namespace vestibule::store {
namespace {

milliseconds left_until(mono_time t) noexcept {
    return std::max(std::chrono::ceil<milliseconds>(t - exact_now()), milliseconds(1));
}

}  // namespace

void redis_connection::prepare_tls() {
    tls_.emplace(boost::asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
    tls_->set_verify_mode(boost::asio::ssl::verify_peer);
    error_code ignored;  // without system CAs no certificate will pass, which is reported then
    tls_->set_default_verify_paths(ignored);
}

task<std::unique_ptr<net::byte_stream>> redis_connection::open() {
    const mono_time until = exact_now() + connect_timeout;
    const store_url& url = params_.url;
    const net::endpoint to{url.host, url.port, url.unix_path};  // no temporary: g++ 12 destroys it twice
    auto stream = co_await net::connect(io_, to, left_until(until));
    if (stopped_) co_return nullptr;
    if (!stream) {
        report(errc::store_unavailable, stream.error() == errc::connect_timeout
                                            ? "no connection in time"
                                            : "connection refused, host unreachable or not found");
        co_return nullptr;
    }
    if (tls_) {
        std::string problem;
        stream =
            co_await net::start_tls(io_, std::move(*stream), *tls_, url.host, left_until(until), problem);
        if (stopped_) co_return nullptr;
        if (!stream) {
            report(errc::store_unavailable, "TLS: " + problem);
            co_return nullptr;
        }
    }
    if (!co_await greet_in_time(**stream, until)) co_return nullptr;
    co_return std::move(*stream);
}

task<bool> redis_connection::greet_in_time(net::byte_stream& stream, mono_time until) {
    greeting_ = &stream;
    pause_.expires_at(until);
    pause_.async_wait([self = shared_from_this()](const error_code& ec) {
        if (!ec && self->greeting_) self->greeting_->close();
    });
    std::string problem;
    const error_code ec = co_await greet(stream, params_.url, problem);
    const bool too_late = exact_now() >= until;
    greeting_ = nullptr;
    pause_.cancel();
    if (!ec) co_return !too_late;
    if (!stopped_) report(ec, too_late ? "no answer to the greeting in time" : problem);
    co_return false;
}

void redis_connection::report(error_code kind, std::string reason) {
    last_failure_ = kind;
    if (reason == reported_) return;
    reported_ = std::move(reason);
    log::warn("no connection to the session store",
              {{"store", params_.url.display()}, {"reason", reported_}});
}

void redis_connection::report_connected() {
    if (reconnects_.get() > 0 && reported_.empty()) return;
    reported_.clear();
    log::info("connected to the session store", {{"store", params_.url.display()}});
}

}  // namespace vestibule::store

#include <vestibule/net/connect.hpp>
#include <vestibule/net/event_loop.hpp>
#include <vestibule/net/tls_stream.hpp>

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace vestibule::net {
namespace {

ssl_ptr make_session(SSL_CTX* context, const std::string& host) {
    ssl_ptr ssl(SSL_new(context));
    SSL_set_connect_state(ssl.get());
    X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1) {
        X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size());
        SSL_set_tlsext_host_name(ssl.get(), host.c_str());  // of names only (RFC 6066, section 3)
    }
    SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, nullptr);
    return ssl;
}

std::string problem_of(const tls_stream& tls, const tls_outcome& outcome) {
    if (outcome.ec != asio::error::connection_aborted) return "connection closed during the TLS handshake";
    const long verdict = SSL_get_verify_result(tls.session());
    const char* reason = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
                                              : ERR_reason_error_string(outcome.reason);
    return reason ? reason : "TLS handshake failed";
}

}  // namespace

task<result<std::unique_ptr<byte_stream>>> start_tls(asio::io_context& io, std::unique_ptr<byte_stream> over,
                                                     asio::ssl::context& context, const std::string& host,
                                                     std::chrono::milliseconds timeout,
                                                     std::string& problem) {
    byte_stream* raw = over.get();
    auto tls = std::make_unique<tls_stream>(std::move(over), make_session(context.native_handle(), host));
    bool timed_out = false;
    auto deadline = std::make_shared<timer>(io);
    deadline->expires_after(timeout);
    deadline->async_wait([deadline, raw, &timed_out](const error_code& ec) {
        if (ec) return;
        timed_out = true;
        raw->close();
    });
    const tls_outcome outcome = co_await tls->handshake();
    if (timed_out) co_return errc::connect_timeout;
    // Not expired yet; an expiry that is queued already must not touch what is gone.
    if (deadline->cancel() == 0) {
        problem = "TLS handshake took too long";
        struct settle {
            timer t;
        } turn{timer(io)};
        turn.t.expires_after(std::chrono::milliseconds(0));
        co_await wait(turn.t);
        co_return errc::connect_timeout;
    }
    if (outcome.ec) {
        problem = problem_of(*tls, outcome);
        co_return errc::connect_failed;
    }
    co_return std::unique_ptr<byte_stream>(std::move(tls));
}

}  // namespace vestibule::net

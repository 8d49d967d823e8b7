// byte_stream over TLS as a client. OpenSSL works on memory; the bytes travel over another byte_stream.
#include <vestibule/net/connect.hpp>
#include <vestibule/net/event_loop.hpp>

#include <boost/asio/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace vestibule::net {
namespace {

constexpr std::size_t max_record = 16 * 1024;  // RFC 8446 5.1
constexpr std::size_t record_room = max_record + 512;

struct ssl_deleter {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
};

/// Reads and writes are coroutines of their own, one each at most. Only writes send: what a read makes
/// OpenSSL want to say (a key update's answer) leaves with the next write.
class tls_client_stream final : public byte_stream {
  public:
    tls_client_stream(std::unique_ptr<byte_stream> over, SSL_CTX* context, const std::string& host)
        : over_(std::move(over)), ssl_(SSL_new(context)) {
        BIO* internal = nullptr;
        BIO_new_bio_pair(&internal, 0, &network_, 0);
        SSL_set_bio(ssl_.get(), internal, internal);
        SSL_set_connect_state(ssl_.get());
        X509_VERIFY_PARAM* verify = SSL_get0_param(ssl_.get());
        if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1) {
            X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size());
            SSL_set_tlsext_host_name(ssl_.get(), host.c_str());  // of names only (RFC 6066, section 3)
        }
        SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, nullptr);
    }
    ~tls_client_stream() override { BIO_free(network_); }

    task<error_code> handshake(std::string& problem) {
        for (;;) {
            ERR_clear_error();
            const int r = SSL_do_handshake(ssl_.get());
            const int why = SSL_get_error(ssl_.get(), r);
            const char* reason = ERR_reason_error_string(ERR_peek_last_error());  // others' by and by
            if (auto ec = co_await flush()) co_return ec;
            if (r == 1) co_return error_code{};
            if (why != SSL_ERROR_WANT_READ) {
                const long verdict = SSL_get_verify_result(ssl_.get());
                if (verdict != X509_V_OK) reason = X509_verify_cert_error_string(verdict);
                problem = reason ? reason : "TLS handshake failed";
                co_return errc::connect_failed;
            }
            if (auto ec = co_await fill()) {
                problem = "connection closed during the TLS handshake";
                co_return ec;
            }
        }
    }

    void start_read(asio::mutable_buffer buffer, io_completion& done) override {
        detach(read(buffer, done), [](std::exception_ptr) { std::terminate(); });
    }
    void start_write(asio::const_buffer buffer, io_completion& done) override {
        detach(write(buffer, done), [](std::exception_ptr) { std::terminate(); });
    }
    void start_wait_readable(io_completion& done) override {
        if (SSL_pending(ssl_.get()) > 0)
            detach(complete_later(done), [](std::exception_ptr) { std::terminate(); });
        else
            over_->start_wait_readable(done);
    }
    io_result try_write(std::span<const asio::const_buffer>) noexcept override {
        return {asio::error::would_block, 0};  // encrypted bytes must be flushed; only start_write can
    }
    bool has_pending_input() noexcept override {
        return SSL_pending(ssl_.get()) > 0 || over_->has_pending_input();
    }
    bool peer_closed() noexcept override { return over_->peer_closed(); }
    void cancel() noexcept override { over_->cancel(); }
    void shutdown_send() noexcept override { over_->shutdown_send(); }
    void close() noexcept override { over_->close(); }
    void reset() noexcept override { over_->reset(); }

  private:
    task<void> read(asio::mutable_buffer buffer, io_completion& done) {
        for (;;) {
            ERR_clear_error();
            const int n =
                SSL_read(ssl_.get(), buffer.data(), int(std::min<std::size_t>(buffer.size(), 1 << 30)));
            if (n > 0) {
                done.complete({}, static_cast<std::size_t>(n));
                co_return;
            }
            const int why = SSL_get_error(ssl_.get(), n);
            if (why == SSL_ERROR_ZERO_RETURN) {
                done.complete(asio::error::eof, 0);
                co_return;
            }
            error_code ec = why == SSL_ERROR_WANT_READ ? co_await fill() : error_code(errc::store_protocol);
            if (ec) {
                done.complete(ec, 0);
                co_return;
            }
        }
    }

    // All of it, record by record: completing after each would recurse where the socket takes it at once.
    task<void> write(asio::const_buffer buffer, io_completion& done) {
        std::size_t written = 0;
        while (written < buffer.size()) {
            const asio::const_buffer rest = buffer + written;
            ERR_clear_error();
            const int n = SSL_write(ssl_.get(), rest.data(), int(std::min(rest.size(), max_record)));
            error_code ec = asio::error::broken_pipe;
            if (n > 0) ec = co_await flush();
            if (ec) {
                done.complete(ec, written);
                co_return;
            }
            written += static_cast<std::size_t>(n);
        }
        done.complete({}, written);
    }

    task<void> complete_later(io_completion& done) {
        done.complete({}, 0);
        co_return;
    }

    // Sends what OpenSSL wants sent.
    task<error_code> flush() {
        std::vector<char> out(BIO_ctrl_pending(network_));
        if (out.empty()) co_return error_code{};
        const int n = BIO_read(network_, out.data(), int(out.size()));
        co_return co_await write_all(*over_, asio::buffer(out.data(), std::size_t(std::max(n, 0))));
    }

    // Hands OpenSSL what the peer sent.
    task<error_code> fill() {
        incoming_.resize(record_room);
        const auto [ec, n] = co_await read_some(*over_, asio::buffer(incoming_));
        if (ec) co_return ec;
        BIO_write(network_, incoming_.data(), int(n));
        co_return error_code{};
    }

    std::unique_ptr<byte_stream> over_;
    std::unique_ptr<SSL, ssl_deleter> ssl_;
    BIO* network_ = nullptr;
    std::vector<char> incoming_;
};

}  // namespace

task<result<std::unique_ptr<byte_stream>>> start_tls(asio::io_context& io, std::unique_ptr<byte_stream> over,
                                                     asio::ssl::context& context, const std::string& host,
                                                     std::chrono::milliseconds timeout,
                                                     std::string& problem) {
    byte_stream* raw = over.get();
    auto tls = std::make_unique<tls_client_stream>(std::move(over), context.native_handle(), host);
    bool timed_out = false;
    auto deadline = std::make_shared<timer>(io);
    deadline->expires_after(timeout);
    deadline->async_wait([deadline, raw, &timed_out](const error_code& ec) {
        if (ec) return;
        timed_out = true;
        raw->close();
    });
    const error_code ec = co_await tls->handshake(problem);
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
    if (ec) co_return errc::connect_failed;
    co_return std::unique_ptr<byte_stream>(std::move(tls));
}

}  // namespace vestibule::net

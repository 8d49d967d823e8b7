// The TLS handshake of a connection, before its first request.
#include "server/connection.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/tls_stream.hpp>

#include <boost/asio/error.hpp>

#include <openssl/err.h>

namespace vestibule::server {
namespace {

constexpr std::size_t max_client_subject = 4 * 1024;

// As the other injected headers: RFC 2253 leaves no other byte that a header could not carry.
std::string header_text(std::string_view subject) {
    std::string out;
    for (std::size_t i = 0; i < subject.size(); ++i) {
        const char c = subject[i];
        const bool outer = i == 0 || i + 1 == subject.size();
        if (c == '%')
            out += "%25";
        else if (c == ' ' && outer)
            out += "%20";
        else if (c >= ' ' && c <= '~')
            out += c;
    }
    return out;
}

net::tls_failure failure_of(const net::tls_outcome& outcome, bool timed_out) {
    if (timed_out) return net::tls_failure::timeout;
    if (outcome.ec != boost::asio::error::connection_aborted) return net::tls_failure::closed;
    return net::failure_of(outcome.reason);
}

}  // namespace

// Whether there is TLS now; if not, the connection has been ended.
task<bool> connection::secure() {
    const auto contexts = tls_->current();
    auto made = std::make_unique<net::tls_stream>(std::move(stream_), net::new_session(*contexts));
    net::tls_stream& tls = *made;
    stream_ = std::move(made);
    read_timed_out_ = false;
    read_limit_.set(w_.current->params.timeouts.head);
    const net::tls_outcome outcome = co_await tls.handshake();
    read_limit_.clear();
    if (!outcome.ec) {
        if (auto client = net::client_of(tls.session())) co_return know(std::move(*client));
        co_await turn_away(net::tls_failure::client_certificate);
        co_return false;
    }
    const net::tls_failure why = failure_of(outcome, read_timed_out_);
    const char* said = outcome.reason != 0 ? ERR_reason_error_string(outcome.reason) : nullptr;
    log::debug("TLS handshake failed", {{"client", peer_text_},
                                        {"reason", to_string(why)},
                                        {"error", said != nullptr ? said : outcome.ec.message().c_str()}});
    if (why == net::tls_failure::plain_http) stream_ = tls.leave();
    co_await turn_away(why);
    co_return false;
}

bool connection::know(net::tls_client client) {
    w_.tls->count(client);
    if (client.subject.size() > max_client_subject)  // cut, it would be somebody else's
        log::warn("subject of a client's certificate too long to inject", {{"client", peer_text_}});
    else
        subject_ = header_text(client.subject);
    return true;
}

task<void> connection::turn_away(net::tls_failure why) {
    w_.tls->count(why);
    if (why == net::tls_failure::plain_http) {
        co_await refuse(errc::malformed_head);
        co_await linger();
    }
    stream_->close();
}

}  // namespace vestibule::server

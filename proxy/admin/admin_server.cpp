#include <vestibule/admin/admin_server.hpp>

#include "admin/access.hpp"
#include "admin/session_api.hpp"

#include <vestibule/base/logger.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace vestibule::admin {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

namespace {

constexpr std::size_t max_head = 8 * 1024;
constexpr auto patience = std::chrono::seconds(30);
constexpr const char* json = "application/json";

// A verifier may keep keys for as long as a token lives: after both it is safe to sign with a new one.
constexpr const char* key_caching = "public, max-age=60";

std::string reasons_json(const std::vector<unready_reason>& reasons) {
    std::string out = R"({"ready":false,"reasons":{)";
    for (const unready_reason& r : reasons) {
        if (out.back() != '{') out += ',';
        log::append_json_string(out, r.check);
        out += ':';
        log::append_json_string(out, r.reason);
    }
    return out + "}}\n";
}

/// What every connection needs; lives as long as the last of them.
struct services {
    services(metrics_registry& m, readiness_check r)
        : metrics(m),
          ready(std::move(r)),
          revoked(m.counter("vestibule_sessions_revoked_total",
                            "Sessions ended by operators through the session API.")) {}
    metrics_registry& metrics;
    readiness_check ready;
    std::string jwks;  // empty: none
    metric_cell& revoked;
    admin_params params;  // address and token, for who may use the session API
    std::shared_ptr<const session::directory> sessions;
    bool stopped = false;  // the store may be gone
};

/// Lets the event loop have a turn. False: it is over.
task<bool> next_turn(asio::io_context& io, const services& s) {
    struct awaiter {
        asio::io_context& io;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) {
            asio::post(io, [h] { h.resume(); });
        }
        void await_resume() const noexcept {}
    };
    co_await awaiter{io};
    co_return !s.stopped;
}

/// One admin connection; keeps itself alive through its handlers.
class admin_connection : public std::enable_shared_from_this<admin_connection> {
  public:
    admin_connection(tcp::socket socket, std::shared_ptr<services> s)
        : stream_(std::move(socket)), services_(std::move(s)) {}

    void read() {
        parser_.emplace();
        parser_->header_limit(max_head);
        parser_->body_limit(max_head);
        stream_.expires_after(patience);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](const beast::error_code& ec, std::size_t) {
                             if (!ec) detach(self->handle(), [](std::exception_ptr) {});
                         });
    }

  private:
    task<void> handle() {
        const auto self = shared_from_this();  // across the readiness check
        const auto& request = parser_->get();
        const beast::string_view target = request.target().substr(0, request.target().find('?'));
        const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
        if (services_->stopped)
            respond(http::status::service_unavailable, json, "{\"error\":\"shutting_down\"}\n");
        else if (is_api({target.data(), target.size()}))
            co_await respond_sessions();
        else if (!reads)
            respond(http::status::method_not_allowed, json, "{\"error\":\"method_not_allowed\"}\n",
                    {{http::field::allow, "GET, HEAD"}});
        else if (target == "/healthz")
            respond(http::status::ok, json, "{\"healthy\":true}\n");
        else if (target == "/metrics")
            respond(http::status::ok, "text/plain; version=0.0.4; charset=utf-8",
                    metrics_text(services_->metrics));
        else if (target == "/readyz")
            co_await respond_readiness();
        else if (target == "/.well-known/jwks.json" && !services_->jwks.empty())
            respond(http::status::ok, "application/jwk-set+json", services_->jwks,
                    {{http::field::cache_control, key_caching}});
        else
            respond(http::status::not_found, json, "{\"error\":\"not_found\"}\n");
    }

    task<void> respond_readiness() {
        const std::vector<unready_reason> reasons = co_await services_->ready();
        if (reasons.empty())
            respond(http::status::ok, json, "{\"ready\":true}\n");
        else
            respond(http::status::service_unavailable, json, reasons_json(reasons));
    }

    task<void> respond_sessions() {
        const api_request request = api_request_here();
        std::optional<api_answer> answer = refusal(request, services_->params);
        if (answer)
            log::warn("session API refused",
                      {{"client", request.client}, {"status", static_cast<unsigned>(answer->status)}});
        else
            answer = co_await answer_sessions(services_->sessions, request, services_->revoked);
        std::vector<std::pair<http::field, std::string_view>> fields;
        if (!answer->allow.empty()) fields.emplace_back(http::field::allow, answer->allow);
        if (answer->wants_token) fields.emplace_back(http::field::www_authenticate, "Bearer");
        respond(answer->status, json, std::move(answer->body), fields);
    }

    api_request api_request_here() const {
        const auto& request = parser_->get();
        const auto field = [&](http::field name) -> std::optional<std::string> {
            const auto found = request.find(name);
            if (found == request.end()) return std::nullopt;
            return std::string(found->value());
        };
        beast::error_code ec;
        const tcp::endpoint client = stream_.socket().remote_endpoint(ec);
        return {.method = request.method(),
                .target = std::string(request.target()),
                .host = field(http::field::host),
                .origin = field(http::field::origin),
                .authorization = field(http::field::authorization),
                .client = ec ? "" : client.address().to_string()};
    }

    void respond(http::status status, const char* type, std::string body,
                 const std::vector<std::pair<http::field, std::string_view>>& fields = {}) {
        const auto& request = parser_->get();
        response_ = {status, 11};
        response_.set(http::field::content_type, type);
        response_.set(http::field::cache_control, "no-store");
        for (const auto& [name, value] : fields) response_.set(name, value);
        response_.keep_alive(request.keep_alive());
        const bool head = request.method() == http::verb::head;
        if (status == http::status::no_content)
            response_.erase(http::field::content_type);
        else
            response_.content_length(body.size());
        stream_.expires_after(patience);  // anew: the answer may have taken longer
        if (!head) response_.body() = std::move(body);
        serializer_.emplace(response_);
        serializer_->split(head);
        const auto done = [self = shared_from_this()](const beast::error_code& ec, std::size_t) {
            if (!ec && self->response_.keep_alive()) return self->read();
            beast::error_code ignored;
            self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        };
        if (head)
            http::async_write_header(stream_, *serializer_, done);
        else
            http::async_write(stream_, *serializer_, done);
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    std::shared_ptr<services> services_;
};

}  // namespace

struct admin_server::impl : std::enable_shared_from_this<impl> {
    impl(asio::io_context& context, std::shared_ptr<services> s)
        : io(context), acceptor(io), shared(std::move(s)) {}

    void accept() {
        acceptor.async_accept([self = shared_from_this()](const beast::error_code& ec, tcp::socket socket) {
            if (!self->acceptor.is_open()) return;
            if (!ec) std::make_shared<admin_connection>(std::move(socket), self->shared)->read();
            self->accept();
        });
    }

    asio::io_context& io;
    tcp::acceptor acceptor;
    std::shared_ptr<services> shared;
};

admin_server::admin_server(asio::io_context& io, metrics_registry& metrics, readiness_check ready)
    : impl_(std::make_shared<impl>(io, std::make_shared<services>(metrics, std::move(ready)))) {}

admin_server::~admin_server() {
    stop();
}

bool admin_server::listen(const admin_params& p, std::string& problem) {
    beast::error_code ec;
    const tcp::endpoint where(asio::ip::make_address(p.host, ec), p.port);
    tcp::acceptor& a = impl_->acceptor;
    if (!ec) a.open(where.protocol(), ec);
    if (!ec) a.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) a.bind(where, ec);
    if (!ec) a.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
        problem = p.host + ":" + std::to_string(p.port) + ": " + ec.message();
        return false;
    }
    impl_->shared->params.host = p.host;
    impl_->accept();
    return true;
}

void admin_server::publish_keys(std::string jwks) {
    impl_->shared->jwks = std::move(jwks);
}

void admin_server::serve_sessions(session::session_store& store, std::string_view handle_secret,
                                  session::lifecycle_params life, std::string token) {
    services& s = *impl_->shared;
    s.params.token = std::move(token);
    s.sessions = std::make_shared<const session::directory>(
        store, session::handle_maker(handle_secret), std::move(life),
        [&io = impl_->io, &s] { return next_turn(io, s); });
}

std::string admin_server::address() const {
    beast::error_code ec;
    const tcp::endpoint e = impl_->acceptor.local_endpoint(ec);
    const std::string host = e.address().to_string();
    return (e.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(e.port());
}

void admin_server::stop() {
    beast::error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->shared->stopped = true;
}

}  // namespace vestibule::admin

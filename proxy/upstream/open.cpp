#include <vestibule/upstream/open.hpp>

#include <algorithm>

namespace vestibule::upstream {

std::shared_ptr<net::tls_client_context> tls_of(const endpoint_params& p) {
    if (!p.tls) return nullptr;
    const net::tls_purpose purpose{"backend " + p.url, "backends[].tls", true};
    return net::tls_client_context::of(p.tls_params, purpose);
}

task<result<std::unique_ptr<net::byte_stream>>> open(boost::asio::io_context& io, const endpoint_params& to,
                                                     milliseconds timeout, std::string& problem) {
    problem.clear();
    const auto until = std::chrono::steady_clock::now() + timeout;
    net::endpoint where{to.host, to.port, to.unix_path};
    auto connected = co_await net::connect(io, std::move(where), timeout);
    if (!connected || !to.tls) co_return std::move(connected);

    const auto tls = tls_of(to);
    const auto context = tls->current(problem);
    if (!context) co_return errc::connect_failed;
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    std::string why;
    auto secured = co_await net::start_tls(io, std::move(*connected), *context, tls->name_of(to.host),
                                           std::max(left, milliseconds(1)), why);
    if (!secured && !why.empty()) problem = "TLS: " + why;
    co_return std::move(secured);
}

}  // namespace vestibule::upstream

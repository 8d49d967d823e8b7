#include "app/readiness.hpp"

#include <vestibule/net/connect.hpp>

namespace vestibule::app {

task<std::vector<admin::unready_reason>> check_readiness(boost::asio::io_context& io,
                                                         session::session_store& store,
                                                         upstream::upstream_params upstream,
                                                         std::function<bool()> draining) {
    std::vector<admin::unready_reason> reasons;
    if (draining()) reasons.push_back({"drain", "shutting down"});
    if (const auto answer = co_await store.ping(); !answer)
        reasons.push_back({"store", answer.error().message()});
    const net::endpoint backend{upstream.backend.host, upstream.backend.port, upstream.backend.unix_path};
    const auto connected = co_await net::connect(io, backend, upstream.connect_timeout);
    if (!connected) reasons.push_back({"backend", connected.error().message()});
    co_return reasons;
}

}  // namespace vestibule::app

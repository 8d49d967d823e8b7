#include "app/readiness.hpp"

#include <vestibule/net/event_loop.hpp>
#include <vestibule/upstream/open.hpp>

#include <memory>

namespace vestibule::app {
namespace {

/// What several attempts at once have come to.
struct attempts {
    std::size_t left;
    bool good = false;
    error_code why;
    net::signal settled;
};

task<void> try_backend(boost::asio::io_context& io, upstream::endpoint_params to, milliseconds timeout,
                       std::shared_ptr<attempts> all) {
    std::string problem;
    const auto connected = co_await upstream::open(io, to, timeout, problem);
    --all->left;
    if (all->good) co_return;
    if (connected)
        all->good = true;
    else
        all->why = connected.error();
    if (all->good || all->left == 0) all->settled.set();
}

/// All at once: one that is not reachable must not keep the others waiting.
task<error_code> any_backend(boost::asio::io_context& io, const upstream::upstream_params& p) {
    const auto all = std::make_shared<attempts>();
    all->left = p.backends.size();
    for (const upstream::endpoint_params& to : p.backends)
        detach(try_backend(io, to, p.connect_timeout, all),
               [](std::exception_ptr e) { std::rethrow_exception(e); });
    co_await all->settled;
    co_return all->good ? error_code() : all->why;
}

}  // namespace

task<std::vector<admin::unready_reason>> check_readiness(boost::asio::io_context& io,
                                                         session::session_store& store,
                                                         upstream::upstream_params upstream,
                                                         std::function<bool()> draining) {
    std::vector<admin::unready_reason> reasons;
    if (draining()) reasons.push_back({"drain", "shutting down"});
    if (const auto answer = co_await store.ping(); !answer)
        reasons.push_back({"store", answer.error().message()});
    if (const error_code ec = co_await any_backend(io, upstream))
        reasons.push_back({"backend", ec.message()});
    co_return reasons;
}

}  // namespace vestibule::app

#include "app/commands.hpp"
#include "app/findings.hpp"
#include "app/limits.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/net/event_loop.hpp>
#include <vestibule/net/tls_server.hpp>
#include <vestibule/upstream/open.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdio>

namespace vestibule::app {
namespace {

task<void> ask_store(boost::asio::io_context& io, const store::store_params& p, metrics_registry& metrics,
                     std::vector<finding>& found) {
    if (p.url.kind == store::store_kind::memory) co_return;
    std::string problem;
    const auto report = co_await store::ask_redis(io, p, metrics, problem);
    if (!report) {
        if (problem.empty()) problem = report.error().message();
        found.push_back({severity::critical, "store " + p.url.display() + ": " + problem,
                         "is Redis up, is the address right, are user and password?"});
        co_return;
    }
    found.push_back({severity::fine, "store " + p.url.display() + " answers" +
                                         (report->version.empty() ? "" : ": Redis " + report->version)});
    std::ranges::move(judge_redis(*report, p), std::back_inserter(found));
}

task<void> ask_backend(boost::asio::io_context& io, const upstream::endpoint_params& p, milliseconds timeout,
                       std::vector<finding>& found) {
    std::string problem;
    const auto connected = co_await upstream::open(io, p, timeout, problem);
    if (connected)
        found.push_back({severity::fine, "backend " + p.url + " accepts connections"});
    else
        found.push_back(judge_backend(p, connected.error(), problem));
}

// Of all listeners.
void look_at_certificates(const server::server_params& p, std::vector<finding>& found) {
    for (std::size_t i = 0; i < p.listen.size(); ++i) {
        if (!p.listen[i].tls) continue;
        const auto& identities = p.listen[i].tls->identities;
        for (std::size_t n = 0; n < identities.size(); ++n) {
            const auto until = net::end_of_certificate(identities[n].certificate);
            const std::string more = n == 0 ? "" : "more[" + std::to_string(n - 1) + "].";
            const std::string where = "listen[" + std::to_string(i) + "].tls." + more + "certificate";
            if (auto f = judge_certificate(where, until.value_or(unix_time{}), wall_now()))
                found.push_back(std::move(*f));
        }
    }
}

}  // namespace

int doctor(const std::string& config_file) {
    std::vector<config::problem> warnings;
    const auto settings = load_or_tell(config_file, &warnings);
    if (!settings) return exit_usage;
    log::start({.min_level = log::level::off, .access = false});  // its findings are all it says

    std::vector<finding> found{{severity::fine, config_file + " is valid"}};
    std::ranges::move(judge_settings(*settings, raise_descriptor_limit()), std::back_inserter(found));
    look_at_certificates(settings->server, found);
    metrics_registry metrics;
    boost::asio::io_context io;
    detach(ask_store(io, settings->store, metrics, found));
    const upstream::upstream_params& upstream = settings->server.upstream;
    for (const upstream::endpoint_params& p : upstream.backends)
        detach(ask_backend(io, p, upstream.connect_timeout, found));
    io.run();
    for (const finding& f : found) std::fputs(to_string(f).c_str(), stdout);
    const bool bad =
        std::ranges::any_of(found, [](const finding& f) { return f.level == severity::critical; });
    std::printf("%s\n", bad ? "something critical: see above" : "nothing critical");
    return bad ? exit_failed : exit_done;
}

}  // namespace vestibule::app

// The composition root: makes everything, hands out references, waits for signals.
#include "app/commands.hpp"
#include "app/limits.hpp"
#include "app/readiness.hpp"
#include "app/stores.hpp"

#include <vestibule/admin/admin_server.hpp>
#include <vestibule/base/logger.hpp>
#include <vestibule/server/jwks.hpp>
#include <vestibule/server/server.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <thread>

namespace vestibule::app {
namespace {

void log_warnings(const std::vector<config::problem>& warnings, const std::string& file) {
    for (const config::problem& w : warnings) log::warn(config::to_string(w, file));
}

std::string all_backends(const upstream::upstream_params& p) {
    std::string out;
    for (const upstream::endpoint_params& one : p.backends)
        out.append(out.empty() ? "" : " ").append(one.url);
    return out;
}

class program {
  public:
    program(std::string config_file, config::settings settings)
        : file_(std::move(config_file)),
          settings_(std::move(settings)),
          workers_(settings_.workers.value_or(config::allowed_cpus())),
          stores_(settings_.store, metrics_),
          server_(settings_.server, workers_, stores_.for_workers(workers_), metrics_),
          admin_store_(stores_.direct(io_)),
          admin_(io_, metrics_,
                 [this] {
                     return check_readiness(io_, *admin_store_, settings_.server.upstream,
                                            [this] { return server_.draining(); });
                 }),
          signals_(io_, SIGTERM, SIGINT, SIGHUP) {
        admin_.publish_keys(server::jwks(settings_.server.assertion));
        serve_sessions();
        metrics_.callback(metric_kind::counter, "vestibule_log_lines_dropped_total",
                          "Log lines dropped because standard output was not read.",
                          [] { return std::int64_t(log::dropped()); });
        metrics_.gauge("vestibule_start_time_seconds", "When the process started, Unix time.")
            .set(std::chrono::duration_cast<seconds>(wall_now().time_since_epoch()).count());
    }

    int run() {
        std::string problem;
        if (!server_.listen(problem)) return cannot("listen", problem);
        if (settings_.admin.enabled) {
            if (!admin_.listen(settings_.admin, problem)) return cannot("listen for admin", problem);
            log::info("admin listening", {{"address", admin_.address()}});
        }
        await_signal();
        server_.start();
        for (const std::string& address : server_.addresses()) log::info("listening", {{"address", address}});
        log::info("ready", {{"store", settings_.store.url.display()},
                            {"backend", all_backends(settings_.server.upstream)}});
        io_.run();
        if (ending_.joinable()) ending_.join();
        // The admin store's connection coroutine ends on this io_context.
        admin_store_.reset();
        io_.restart();
        io_.run_for(store_ending);
        log::info("stopped");
        return exit_done;
    }

  private:
    static int cannot(const char* what, const std::string& problem) {
        log::error("cannot start", {{"step", what}, {"error", problem}});
        return exit_failed;
    }

    void serve_sessions() {
        const server::session_params& s = settings_.server.session;
        admin_.serve_sessions(*admin_store_, s.handle_secret(), s.told_life(), settings_.admin.token);
    }

    void await_signal() {
        signals_.async_wait([this](const error_code& ec, int number) {
            if (ec) return;
            if (number == SIGHUP)
                reload();
            else if (!server_.draining())
                drain();
            else
                std::_Exit(exit_failed);  // asked twice: now
            await_signal();
        });
    }

    void drain() {
        log::info("draining", {{"limit_ms", settings_.server.timeouts.drain.count()}});
        server_.drain();
        ending_ = std::thread([this] {
            server_.wait();
            boost::asio::post(io_, [this] {
                admin_.stop();
                io_.stop();
            });
        });
    }

    void reload() {
        std::vector<config::problem> warnings;
        config::load_result loaded = config::load_file(file_);
        for (const config::problem& p : loaded.problems) log::error(config::to_string(p, file_));
        if (!loaded.value) {
            log::error("reload refused: the old configuration stays", {{"problems", loaded.problems.size()}});
            return;
        }
        log_warnings(loaded.warnings, file_);
        settings_.server = loaded.value->server;
        settings_.log = loaded.value->log;
        settings_.admin.token = loaded.value->admin.token;
        log::start(settings_.log);
        admin_.publish_keys(server::jwks(settings_.server.assertion));  // before anything is signed with them
        server_.reload(settings_.server);
        serve_sessions();
        log::info("reloaded",
                  {{"note",
                    "listen (but for certificates and rules of tls), admin.address, workers and store take "
                    "effect at the next start"}});
    }

    std::string file_;
    config::settings settings_;
    metrics_registry metrics_;
    boost::asio::io_context io_;
    unsigned workers_;
    stores stores_;
    server::server server_;
    std::unique_ptr<session::session_store> admin_store_;
    admin::admin_server admin_;
    boost::asio::signal_set signals_;
    std::thread ending_;
};

}  // namespace

int serve(const std::string& config_file) {
    std::vector<config::problem> warnings;
    auto settings = load_or_tell(config_file, &warnings);
    if (!settings) return exit_usage;
    raise_descriptor_limit();  // two for each connection
    log::start(settings->log);
    log_warnings(warnings, config_file);
    const int code = program(config_file, std::move(*settings)).run();
    log::stop();
    return code;
}

}  // namespace vestibule::app

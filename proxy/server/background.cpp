#include "server/background.hpp"

#include <vestibule/base/logger.hpp>

namespace vestibule::server {
namespace {

constexpr int max_races = 5;

// Failures are not repeated here: the next request of the session finds the same thing to do.
void log_failure(const char* what, error_code ec) {
    log::info("session write failed", {{"operation", what}, {"side", "store"}, {"error", ec.message()}});
}

struct background_units {
    explicit background_units(worker_state& w) : w_(w) { ++w_.background; }
    ~background_units() { --w_.background; }
    background_units(const background_units&) = delete;
    background_units& operator=(const background_units&) = delete;

  private:
    worker_state& w_;
};

task<void> touch(worker_state& w, std::string sid, seconds ttl) {
    const background_units unit(w);
    const auto r = co_await w.store.touch(sid, ttl);
    if (!r)
        log_failure("touch", r.error());
    else if (*r == session::write_outcome::done)
        w.metrics.sessions_renewed.add();
}

task<void> destroy(worker_state& w, std::string sid) {
    const background_units unit(w);
    const auto r = co_await w.store.destroy(sid);
    if (!r) log_failure("destroy", r.error());
}

task<void> record_since(worker_state& w, std::string sid, std::string value, unix_time since) {
    const background_units unit(w);
    const auto pointer = session::json_pointer::parse("/vestibule/since").value();
    const std::string stamp = std::to_string(since.time_since_epoch().count());
    for (int race = 0; race < max_races; ++race) {
        const auto document = session::document::parse(value);
        if (!document || document->since()) co_return;
        const auto edited = session::edit_set(value, pointer, stamp);
        if (!edited) co_return log_failure("record", edited.error());
        const auto written = co_await w.store.compare_and_set(sid, value, *edited);
        if (!written) co_return log_failure("record", written.error());
        if (*written != session::write_outcome::conflict) co_return;
        auto again = co_await w.store.load(sid);
        if (!again) co_return log_failure("record", again.error());
        if (!*again) co_return;
        value = (*again)->value;
    }
}

void run(task<void> t) {
    detach(std::move(t), [](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& x) {
            log::error("background store write failed", {{"error", x.what()}});
        }
    });
}

}  // namespace

void touch_later(worker_state& w, std::string sid, seconds ttl) {
    run(touch(w, std::move(sid), ttl));
}

void record_since_later(worker_state& w, std::string sid, std::string value, unix_time since) {
    run(record_since(w, std::move(sid), std::move(value), since));
}

void destroy_later(worker_state& w, std::string sid) {
    run(destroy(w, std::move(sid)));
}

}  // namespace vestibule::server

#include <vestibule/store/memory_store.hpp>

#include "store/store_metrics.hpp"

namespace vestibule::store {
namespace {

using session::session_ptr;
using session::write_outcome;

class memory_store final : public session::session_store {
  public:
    memory_store(std::shared_ptr<memory_sessions> sessions, metrics_registry& metrics)
        : sessions_(std::move(sessions)), metrics_(metrics) {}

    task<result<session_ptr>> load(std::string_view sid) override {
        measurement m(metrics_, operation::load);
        co_return m.done<session_ptr>(sessions_->load(sid));
    }

    task<result<write_outcome>> create(std::string_view sid, std::string_view value,
                                       std::optional<seconds> ttl) override {
        measurement m(metrics_, operation::create);
        co_return m.done(sessions_->create(sid, value, ttl));
    }

    task<result<write_outcome>> compare_and_set(std::string_view sid, std::string_view expected,
                                                std::string_view value) override {
        measurement m(metrics_, operation::compare_and_set);
        co_return m.done(sessions_->compare_and_set(sid, expected, value));
    }

    task<result<write_outcome>> touch(std::string_view sid, seconds ttl) override {
        measurement m(metrics_, operation::touch);
        co_return m.done<write_outcome>(sessions_->touch(sid, ttl));
    }

    task<result<session::destroyed>> destroy(std::string_view sid) override {
        measurement m(metrics_, operation::destroy);
        co_return m.done<session::destroyed>(sessions_->destroy(sid));
    }

    task<result<write_outcome>> retire(std::string_view sid, std::string_view expected,
                                       std::string_view moved_to, bool follow, milliseconds grace) override {
        measurement m(metrics_, operation::retire);
        co_return m.done<write_outcome>(sessions_->retire(sid, expected, moved_to, follow, grace));
    }

    task<result<write_outcome>> claim(std::string_view sid, std::string_view by,
                                      milliseconds grace) override {
        measurement m(metrics_, operation::retire);
        co_return m.done<write_outcome>(sessions_->claim(sid, by, grace));
    }

    task<result<std::size_t>> enlist(std::string_view user, std::string_view sid,
                                     std::optional<seconds>) override {
        measurement m(metrics_, operation::enlist);
        co_return m.done<std::size_t>(sessions_->enlist(user, sid));
    }

    task<result<void>> delist(std::string_view user, std::string_view sid) override {
        measurement m(metrics_, operation::delist);
        sessions_->delist(user, sid);
        co_return m.done(result<void>());
    }

    task<result<std::vector<std::string>>> make_room(std::string_view user, std::string_view sid,
                                                     std::size_t count) override {
        measurement m(metrics_, operation::delist);
        co_return m.done<std::vector<std::string>>(sessions_->make_room(user, sid, count));
    }

    task<result<std::vector<std::string>>> sessions_of(std::string_view user) override {
        measurement m(metrics_, operation::sessions_of);
        co_return m.done<std::vector<std::string>>(sessions_->sessions_of(user));
    }

    task<result<session::sid_page>> scan(std::string_view from, std::size_t count) override {
        measurement m(metrics_, operation::scan);
        co_return m.done<session::sid_page>(sessions_->scan(from, count));
    }

    task<result<void>> ping() override { co_return result<void>(); }

  private:
    std::shared_ptr<memory_sessions> sessions_;
    store_metrics metrics_;
};

}  // namespace

std::unique_ptr<session::session_store> make_memory_store(std::shared_ptr<memory_sessions> sessions,
                                                          metrics_registry& metrics) {
    return std::make_unique<memory_store>(std::move(sessions), metrics);
}

}  // namespace vestibule::store

#include "store/cached_store.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace vestibule::store {
namespace {

using session::session_ptr;
using session::write_outcome;

class cached_store final : public session::session_store {
  public:
    cached_store(std::unique_ptr<redis_store> direct, std::shared_ptr<redis_service> service,
                 metrics_registry& metrics)
        : hits_(metrics.counter("vestibule_near_cache_hits_total", "Sessions answered from the near cache.")),
          misses_(metrics.counter("vestibule_near_cache_misses_total",
                                  "Sessions that the near cache had to ask the store for.")),
          stale_(metrics.counter("vestibule_near_cache_stale_total",
                                 "Sessions answered from the near cache because the store did not.")),
          evictions_(metrics.counter("vestibule_near_cache_evictions_total",
                                     "Sessions dropped because the near cache was full.")),
          bytes_(metrics.gauge("vestibule_near_cache_bytes", "Bytes in use by the near cache.")),
          service_(std::move(service)),
          direct_(std::move(direct)) {
        service_->on_invalidated([this](std::string_view sid) { refresh(sid); });
        service_->start();
    }

    session_ptr find(std::string_view sid) override {
        session_ptr s = peek(sid);
        if (s) hits_.add();
        return s;
    }

    session_ptr peek(std::string_view sid) override {
        near_cache* const cache = cache_of(sid);
        return cache != nullptr ? cache->find(sid, mono_now()) : session_ptr();
    }

    bool remembers() const noexcept override { return true; }

    task<result<session_ptr>> load(std::string_view view) override;

    task<result<write_outcome>> create(std::string_view sid, std::string_view value,
                                       std::optional<seconds> ttl) override {
        const writing w(*this, sid);
        co_return co_await direct_->create(sid, value, ttl);
    }
    task<result<write_outcome>> compare_and_set(std::string_view sid, std::string_view expected,
                                                std::string_view value) override {
        const writing w(*this, sid);
        co_return co_await direct_->compare_and_set(sid, expected, value);
    }
    task<result<session::destroyed>> destroy(std::string_view sid) override {
        const writing w(*this, sid);
        co_return co_await direct_->destroy(sid);
    }
    task<result<write_outcome>> touch(std::string_view view, seconds ttl) override;
    task<result<write_outcome>> retire(std::string_view sid, std::string_view expected,
                                       std::string_view moved_to, bool follow, milliseconds grace) override {
        const writing w(*this, sid);
        co_return co_await direct_->retire(sid, expected, moved_to, follow, grace);
    }
    task<result<write_outcome>> claim(std::string_view sid, std::string_view by,
                                      milliseconds grace) override {
        return direct_->claim(sid, by, grace);
    }
    task<result<std::size_t>> enlist(std::string_view user, std::string_view sid,
                                     std::optional<seconds> ttl) override {
        return direct_->enlist(user, sid, ttl);
    }
    task<result<void>> delist(std::string_view user, std::string_view sid) override {
        return direct_->delist(user, sid);
    }
    task<result<std::vector<std::string>>> make_room(std::string_view user, std::string_view sid,
                                                     std::size_t count) override {
        return direct_->make_room(user, sid, count);
    }
    task<result<std::vector<std::string>>> sessions_of(std::string_view user) override {
        return direct_->sessions_of(user);
    }
    task<result<session::sid_page>> scan(std::string_view from, std::size_t count) override {
        return direct_->scan(from, count);
    }
    task<result<void>> ping() override { return direct_->ping(); }
    bool reachable() const noexcept override { return direct_->reachable(); }

  private:
    // A question under way, and who waits for its answer beside who asked.
    struct waiter {
        waiter* next = nullptr;
        std::coroutine_handle<> handle{};
        result<session_ptr> answer{session_ptr()};
    };
    struct question : near_cache::flight {
        waiter* first = nullptr;
    };
    struct joined {
        question& q;
        waiter self{};
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) noexcept {
            self.handle = h;
            self.next = std::exchange(q.first, &self);
        }
        result<session_ptr> await_resume() noexcept { return std::move(self.answer); }
    };

    // What is known of a session is void before a write of our own, and again when that is through: in
    // between the old value may have been read.
    struct writing {
        writing(cached_store& s, std::string_view id) : store(s), sid(id) { store.forget(sid); }
        ~writing() { store.forget(sid); }
        writing(const writing&) = delete;
        writing& operator=(const writing&) = delete;

        cached_store& store;
        const std::string sid;
    };

    task<result<session_ptr>> ask(const std::string& sid);
    question* in_flight(std::string_view sid) noexcept;
    result<session_ptr> or_stale(std::string_view sid, result<session_ptr> answer);
    void refresh(std::string_view sid);
    task<void> fetch(std::string sid);
    void count_bytes();
    // Of the server that has it.
    redis_node* node_of(std::string_view sid) noexcept {
        return service_->node_of(service_->slot_of(key_.assign(direct_->prefix()).append(sid)));
    }
    near_cache* cache_of(std::string_view sid) noexcept {
        redis_node* const n = node_of(sid);
        return n != nullptr ? n->cache.get() : nullptr;
    }
    void forget(std::string_view sid) noexcept {
        if (near_cache* const cache = cache_of(sid)) cache->invalidate(sid);
    }

    metric_cell &hits_, &misses_, &stale_, &evictions_, &bytes_;
    std::set<std::string, std::less<>> touched_;  // by us, and not yet told so by the store
    std::string key_;
    std::shared_ptr<redis_service> service_;
    std::unique_ptr<redis_store> direct_;  // goes first: what waits for it still uses the others
};

void cached_store::count_bytes() {
    std::size_t bytes = 0, evictions = 0;
    service_->for_each_cache([&](const near_cache& c) {
        bytes += c.bytes();
        evictions += c.evictions();
    });
    bytes_.set(static_cast<std::int64_t>(bytes));
    // Those of a server that has left the Cluster are counted no more.
    evictions_.set(std::max(evictions_.get(), static_cast<std::int64_t>(evictions)));
}

task<result<session_ptr>> cached_store::load(std::string_view view) {
    const std::string sid(view);
    const redis_node* const node = node_of(sid);
    if (node != nullptr && node->connection->at() == nullptr)
        if (session_ptr s = node->cache->find_stale(sid, mono_now())) {
            stale_.add();
            co_return s;
        }
    misses_.add();
    if (auto* q = in_flight(sid)) {
        const auto answer = co_await joined{*q};
        // "There is none" may be older than this request: the session may have been made since it was asked.
        if (!answer || *answer) co_return or_stale(sid, answer);
    }
    // A question that began meanwhile is younger than this request.
    if (auto* q = in_flight(sid)) co_return or_stale(sid, co_await joined{*q});
    co_return or_stale(sid, co_await ask(sid));
}

cached_store::question* cached_store::in_flight(std::string_view sid) noexcept {
    near_cache* const cache = cache_of(sid);
    return cache != nullptr ? static_cast<question*>(cache->in_flight(sid)) : nullptr;
}

task<result<session_ptr>> cached_store::ask(const std::string& sid) {
    question q;
    if (near_cache* const cache = cache_of(sid)) cache->take_off(q, sid);
    const void* answered_by = nullptr;
    auto answer = co_await direct_->load_from(sid, answered_by);
    const redis_node* const node = node_of(sid);
    if (answer && node != nullptr) {
        // Of what is not live nothing is kept: like an absence, it may end without a word.
        const bool live = *answer && (*answer)->state == session::standing::live;
        const session_ptr s = live ? *answer : session_ptr();
        node->cache->land(q, sid, s, node->connection.get() == answered_by);
    }
    count_bytes();
    waiter* w = std::exchange(q.first, nullptr);
    for (waiter* each = w; each != nullptr; each = each->next) each->answer = answer;
    while (w != nullptr) std::exchange(w, w->next)->handle.resume();
    co_return answer;
}

result<session_ptr> cached_store::or_stale(std::string_view sid, result<session_ptr> answer) {
    near_cache* const cache = cache_of(sid);
    if (answer || cache == nullptr) return answer;
    session_ptr s = cache->find_stale(sid, mono_now());
    if (!s) return answer;
    stale_.add();
    return s;
}

// A touch makes the store tell of a change. Then the session is fetched again at once, so that the next
// request of it need not wait for the store.
task<result<write_outcome>> cached_store::touch(std::string_view view, seconds ttl) {
    const std::string sid(view);
    near_cache* const cache = cache_of(sid);
    if (cache != nullptr && cache->find(sid, mono_now())) touched_.insert(sid);
    const auto answer = co_await direct_->touch(sid, ttl);
    if (!answer || *answer != write_outcome::done) touched_.erase(sid);
    if (answer && *answer == write_outcome::absent) forget(sid);
    co_return answer;
}

void cached_store::refresh(std::string_view sid) {
    count_bytes();
    const auto found = touched_.find(sid);
    if (found == touched_.end()) return;
    touched_.erase(found);
    const near_cache* const cache = cache_of(sid);
    if (cache == nullptr || !cache->open()) return touched_.clear();
    detach(fetch(std::string(sid)));
}

task<void> cached_store::fetch(std::string sid) {
    if (in_flight(sid) == nullptr) co_await ask(sid);
}

}  // namespace

std::unique_ptr<session::session_store> make_cached_store(std::unique_ptr<redis_store> direct,
                                                          std::shared_ptr<redis_service> service,
                                                          metrics_registry& metrics) {
    return std::make_unique<cached_store>(std::move(direct), std::move(service), metrics);
}

}  // namespace vestibule::store

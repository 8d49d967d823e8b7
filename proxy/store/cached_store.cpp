#include "store/cached_store.hpp"

#include "store/near_cache.hpp"
#include "store/tracking.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace vestibule::store {
namespace {

using session::session_ptr;
using session::write_outcome;

// Clocks on the data path are coarse: so much earlier a stale answer ends.
milliseconds bound(milliseconds max_stale) {
    return max_stale - std::min(milliseconds(10), max_stale / 10);
}

class cached_store final : public session::session_store {
  public:
    cached_store(std::unique_ptr<session_store> direct, std::shared_ptr<redis_connection> connection,
                 boost::asio::io_context& io, const store_params& params, metrics_registry& metrics)
        : hits_(metrics.counter("vestibule_near_cache_hits_total", "Sessions answered from the near cache.")),
          misses_(metrics.counter("vestibule_near_cache_misses_total",
                                  "Sessions that the near cache had to ask the store for.")),
          stale_(metrics.counter("vestibule_near_cache_stale_total",
                                 "Sessions answered from the near cache because the store did not.")),
          evictions_(metrics.counter("vestibule_near_cache_evictions_total",
                                     "Sessions dropped because the near cache was full.")),
          bytes_(metrics.gauge("vestibule_near_cache_bytes", "Bytes in use by the near cache.")),
          cache_(params.near_cache.max_bytes, bound(params.near_cache.max_stale)),
          tracking_(std::make_shared<tracking>(io, params, *connection, cache_, metrics,
                                               [this](std::string_view sid) { refresh(sid); })),
          connection_(std::move(connection)),
          direct_(std::move(direct)) {
        tracking_->start();
        connection_->start();
    }
    ~cached_store() override { tracking_->stop(); }

    session_ptr find(std::string_view sid) override {
        session_ptr s = cache_.find(sid, mono_now());
        if (s) hits_.add();
        return s;
    }

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
    task<result<bool>> destroy(std::string_view sid) override {
        const writing w(*this, sid);
        co_return co_await direct_->destroy(sid);
    }
    task<result<write_outcome>> touch(std::string_view view, seconds ttl) override;
    task<result<write_outcome>> retire(std::string_view sid, std::string_view expected,
                                       std::string_view moved_to, milliseconds grace) override {
        const writing w(*this, sid);
        co_return co_await direct_->retire(sid, expected, moved_to, grace);
    }
    task<result<std::size_t>> enlist(std::string_view user, std::string_view sid,
                                     std::optional<seconds> ttl) override {
        return direct_->enlist(user, sid, ttl);
    }
    task<result<void>> delist(std::string_view user, std::string_view sid) override {
        return direct_->delist(user, sid);
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
        writing(cached_store& s, std::string_view id) : store(s), sid(id) { store.cache_.invalidate(sid); }
        ~writing() { store.cache_.invalidate(sid); }
        writing(const writing&) = delete;
        writing& operator=(const writing&) = delete;

        cached_store& store;
        const std::string sid;
    };

    task<result<session_ptr>> ask(const std::string& sid);
    result<session_ptr> or_stale(std::string_view sid, result<session_ptr> answer);
    void refresh(std::string_view sid);
    task<void> fetch(std::string sid);
    void count_bytes() {
        bytes_.set(static_cast<std::int64_t>(cache_.bytes()));
        evictions_.add(static_cast<std::int64_t>(cache_.evictions()) - evictions_.get());
    }

    metric_cell &hits_, &misses_, &stale_, &evictions_, &bytes_;
    near_cache cache_;
    std::set<std::string, std::less<>> touched_;  // by us, and not yet told so by the store
    std::shared_ptr<tracking> tracking_;
    std::shared_ptr<redis_connection> connection_;
    std::unique_ptr<session_store> direct_;  // goes first: what waits for it still uses the others
};

task<result<session_ptr>> cached_store::load(std::string_view view) {
    const std::string sid(view);
    if (!connection_->connected())
        if (session_ptr s = cache_.find_stale(sid, mono_now())) {
            stale_.add();
            co_return s;
        }
    misses_.add();
    if (auto* q = static_cast<question*>(cache_.in_flight(sid))) {
        const auto answer = co_await joined{*q};
        // "There is none" may be older than this request: the session may have been made since it was asked.
        if (!answer || *answer) co_return or_stale(sid, answer);
    }
    // A question that began meanwhile is younger than this request.
    if (auto* q = static_cast<question*>(cache_.in_flight(sid))) co_return or_stale(sid, co_await joined{*q});
    co_return or_stale(sid, co_await ask(sid));
}

task<result<session_ptr>> cached_store::ask(const std::string& sid) {
    question q;
    cache_.take_off(q, sid);
    auto answer = co_await direct_->load(sid);
    if (answer && cache_.open())
        // Of what is not live nothing is kept: like an absence, it may end without a word.
        cache_.land(q, *answer && (*answer)->state == session::standing::live ? *answer : session_ptr());
    else if (answer)
        cache_.invalidate(sid);  // what was kept for an outage may be older than this
    count_bytes();
    waiter* w = std::exchange(q.first, nullptr);
    for (waiter* each = w; each != nullptr; each = each->next) each->answer = answer;
    while (w != nullptr) std::exchange(w, w->next)->handle.resume();
    co_return answer;
}

result<session_ptr> cached_store::or_stale(std::string_view sid, result<session_ptr> answer) {
    if (answer) return answer;
    session_ptr s = cache_.find_stale(sid, mono_now());
    if (!s) return answer;
    stale_.add();
    return s;
}

// A touch makes the store tell of a change. Then the session is fetched again at once, so that the next
// request of it need not wait for the store.
task<result<write_outcome>> cached_store::touch(std::string_view view, seconds ttl) {
    const std::string sid(view);
    if (cache_.find(sid, mono_now())) touched_.insert(sid);
    const auto answer = co_await direct_->touch(sid, ttl);
    if (!answer || *answer != write_outcome::done) touched_.erase(sid);
    if (answer && *answer == write_outcome::absent) cache_.invalidate(sid);
    co_return answer;
}

void cached_store::refresh(std::string_view sid) {
    count_bytes();
    const auto found = touched_.find(sid);
    if (found == touched_.end()) return;
    touched_.erase(found);
    if (!cache_.open()) return touched_.clear();
    detach(fetch(std::string(sid)), [](std::exception_ptr e) { std::rethrow_exception(e); });
}

task<void> cached_store::fetch(std::string sid) {
    if (cache_.in_flight(sid) == nullptr) co_await ask(sid);
}

}  // namespace

std::unique_ptr<session::session_store> make_cached_store(std::unique_ptr<session::session_store> direct,
                                                          std::shared_ptr<redis_connection> connection,
                                                          boost::asio::io_context& io,
                                                          const store_params& params,
                                                          metrics_registry& metrics) {
    return std::make_unique<cached_store>(std::move(direct), std::move(connection), io, params, metrics);
}

}  // namespace vestibule::store

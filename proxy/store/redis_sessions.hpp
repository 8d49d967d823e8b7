// Sessions in Redis: the store without a near cache. Private to the store room.
#pragma once

#include <vestibule/session/session_store.hpp>
#include <vestibule/store/store_params.hpp>

#include "store/redis_script.hpp"
#include "store/redis_service.hpp"
#include "store/store_metrics.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace vestibule::store {

using session::session_ptr;
using session::write_outcome;

/// The user's rule does not allow it.
inline bool is_refusal(const reply& r) {
    return r.is_error() && error_word(r.text) == "NOPERM";
}

/// Of two keys of a slot that is being moved, one has moved.
inline bool is_split(const reply& r) {
    return r.is_error() && error_word(r.text) == "TRYAGAIN";
}

/// redis_store.cpp: single commands; redis_writes.cpp: scripts; redis_index.cpp: lists of sessions.
class redis_store final : public session::session_store {
  public:
    redis_store(std::shared_ptr<redis_service> service, const store_params& params, metrics_registry& metrics)
        : params_(params),
          metrics_(metrics),
          risen_(metrics.counter(
              "vestibule_sessions_risen_total",
              "Sessions that another client stored again after their end, and that were removed.")),
          service_(std::move(service)) {}
    ~redis_store() override { service_->stop(); }

    task<result<session_ptr>> load(std::string_view sid) override;
    const std::string& prefix() const noexcept { return params_.prefix; }

    /// load(), and who has answered: a redis_connection.
    task<result<session_ptr>> load_from(std::string sid, const void*& answered_by);
    task<result<write_outcome>> create(std::string_view sid, std::string_view value,
                                       std::optional<seconds> ttl) override;
    task<result<write_outcome>> compare_and_set(std::string_view sid, std::string_view expected,
                                                std::string_view value) override;
    task<result<write_outcome>> touch(std::string_view sid, seconds ttl) override;
    task<result<session::destroyed>> destroy(std::string_view sid) override;
    task<result<write_outcome>> retire(std::string_view sid, std::string_view expected,
                                       std::string_view moved_to, bool follow, milliseconds grace) override;
    task<result<write_outcome>> claim(std::string_view sid, std::string_view by, milliseconds grace) override;
    task<result<std::size_t>> enlist(std::string_view user, std::string_view sid,
                                     std::optional<seconds> ttl) override;
    task<result<void>> delist(std::string_view user, std::string_view sid) override;
    task<result<std::vector<std::string>>> make_room(std::string_view user, std::string_view sid,
                                                     std::size_t count) override;
    task<result<std::vector<std::string>>> sessions_of(std::string_view user) override;
    task<result<session::sid_page>> scan(std::string_view from, std::size_t count) override;
    task<result<void>> ping() override;
    bool reachable() const noexcept override { return service_->reachable(); }

  private:
    static constexpr std::size_t kept_buffers = 64;
    static constexpr std::size_t kept_capacity = 4096;

    template <std::size_t Replies>
    struct question {
        /// `key`: one of those that it is about, all of one slot.
        question(redis_store& store, operation o, bool repeatable, std::string_view key)
            : timing(store.metrics_, o),
              op(replies, repeatable, timing.started() + store.params_.timeout),
              owner(store) {
            op.slot = store.service_->slot_of(key);
            if (owner.buffers_.empty()) return;
            op.request = std::move(owner.buffers_.back());
            owner.buffers_.pop_back();
        }
        ~question() {
            if (op.request.capacity() > kept_capacity || owner.buffers_.size() == kept_buffers) return;
            op.request.clear();
            owner.buffers_.push_back(std::move(op.request));
        }
        auto asked() { return carried(*owner.service_, op); }
        reply& answer() { return replies[0]; }

        measurement timing;
        std::array<reply, Replies> replies;
        redis_operation op;
        redis_store& owner;
    };

    // Valid until the next call.
    std::string_view key_of(std::string_view sid) { return key_.assign(params_.prefix).append(sid); }
    std::string tombstone_of(std::string_view sid) const;
    std::string index_of(std::string_view user) const;

    task<error_code> ask(question<1>& q, const redis_script& script);
    task<result<write_outcome>> where_expected(question<1>& q, operation o, const redis_script& script);
    task<result<session_ptr>> load_alone(std::string_view sid, const void*& answered_by);
    task<result<session_ptr>> load_tracked(std::string sid, const void*& answered_by);
    task<void> remove_risen(std::string_view sid);
    task<result<session_ptr>> load_piecewise(std::string sid, const void*& answered_by);
    task<result<write_outcome>> retire_piecewise(std::string sid, std::string expected, std::string tombstone,
                                                 std::string text, seconds lasting);
    task<result<session::destroyed>> remove(std::string_view sid);

    error_code not_its_own(const reply& echo, std::string_view sid, const redis_operation& op);
    error_code not_expected(operation o, const reply& r, const redis_operation& op);
    bool tombstones() const noexcept { return params_.tombstone > seconds(0) && !tombstones_refused_; }
    void refuse_tombstones();
    void answered(operation o) { refusal_[static_cast<std::size_t>(o)].clear(); }

    const store_params params_;
    store_metrics metrics_;
    metric_cell& risen_;
    std::shared_ptr<redis_service> service_;
    bool tombstones_refused_ = false;  // by the server's access rules
    std::string key_;
    std::vector<std::string> buffers_;                  // of past requests, for the next ones
    std::array<std::string, operation_count> refusal_;  // last logged, until an answer comes again
};

}  // namespace vestibule::store

#include <vestibule/store/redis_store.hpp>

#include <vestibule/base/logger.hpp>

#include "store/cached_store.hpp"
#include "store/redis_connection.hpp"
#include "store/redis_script.hpp"
#include "store/store_metrics.hpp"
#include "store/ttl.hpp"

#include <array>

namespace vestibule::store {
namespace {

using session::session_ptr;
using session::stored_session;
using session::write_outcome;

constexpr std::size_t kept_buffers = 64;
constexpr std::size_t kept_capacity = 4096;

class redis_store final : public session::session_store {
  public:
    redis_store(std::shared_ptr<redis_connection> connection, const store_params& params,
                metrics_registry& metrics)
        : params_(params), metrics_(metrics), connection_(std::move(connection)) {}
    ~redis_store() override { connection_->stop(); }

    task<result<session_ptr>> load(std::string_view sid) override;
    task<result<write_outcome>> create(std::string_view sid, std::string_view value,
                                       std::optional<seconds> ttl) override;
    task<result<write_outcome>> compare_and_set(std::string_view sid, std::string_view expected,
                                                std::string_view value) override;
    task<result<write_outcome>> touch(std::string_view sid, seconds ttl) override;
    task<result<bool>> destroy(std::string_view sid) override;
    task<result<void>> ping() override;
    bool reachable() const noexcept override { return connection_->reachable(); }

  private:
    template <std::size_t Replies>
    struct question {
        question(redis_store& store, operation o, bool repeatable)
            : timing(store.metrics_, o),
              op(replies, repeatable, timing.started() + store.params_.timeout),
              owner(store) {
            if (owner.buffers_.empty()) return;
            op.request = std::move(owner.buffers_.back());
            owner.buffers_.pop_back();
        }
        ~question() {
            if (op.request.capacity() > kept_capacity || owner.buffers_.size() == kept_buffers) return;
            op.request.clear();
            owner.buffers_.push_back(std::move(op.request));
        }
        auto asked() { return owner.connection_->execute(op); }
        reply& answer() { return replies[0]; }

        measurement timing;
        std::array<reply, Replies> replies;
        redis_operation op;
        redis_store& owner;
    };

    // Valid until the next call.
    std::string_view key_of(std::string_view sid) { return key_.assign(params_.prefix).append(sid); }

    error_code not_expected(operation o, const reply& r);
    void answered(operation o) { refusal_[static_cast<std::size_t>(o)].clear(); }

    const store_params params_;
    store_metrics metrics_;
    std::shared_ptr<redis_connection> connection_;
    std::string key_;
    std::vector<std::string> buffers_;                  // of past requests, for the next ones
    std::array<std::string, operation_count> refusal_;  // last logged, until an answer comes again
};

task<result<session_ptr>> redis_store::load(std::string_view sid) {
    using loaded = session_ptr;
    question<2> q(*this, operation::load, true);
    const auto key = key_of(sid);
    append_command(q.op.request, {"GET", key});
    append_command(q.op.request, {"PTTL", key});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<loaded>(ec);

    reply& value = q.replies[0];
    const reply& pttl = q.replies[1];
    const bool other_type = value.is_error() && error_word(value.text) == "WRONGTYPE";
    if (!value.is_bulk() && !value.is_nil() && !other_type)
        co_return q.timing.failed<loaded>(not_expected(operation::load, value));
    if (!pttl.is_integer()) co_return q.timing.failed<loaded>(not_expected(operation::load, pttl));
    answered(operation::load);
    // The key may run out between the two.
    if (value.is_nil() || pttl.integer == -2) co_return q.timing.done<loaded>(session_ptr());
    std::optional<milliseconds> ttl;
    if (pttl.integer >= 0) ttl = milliseconds(pttl.integer);
    // Counted from the question on: rather a little short than too long.
    co_return q.timing.done<loaded>(session_ptr(
        new stored_session(other_type ? std::string() : std::move(value.text), ttl, q.timing.started())));
}

task<result<write_outcome>> redis_store::create(std::string_view sid, std::string_view value,
                                                std::optional<seconds> ttl) {
    question<1> q(*this, operation::create, false);
    if (ttl)
        append_command(q.op.request,
                       {"SET", key_of(sid), value, "NX", "EX", std::to_string(storable(*ttl).count())});
    else
        append_command(q.op.request, {"SET", key_of(sid), value, "NX"});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    const bool stored = q.answer().is_status("OK");
    if (!stored && !q.answer().is_nil())
        co_return q.timing.failed<write_outcome>(not_expected(operation::create, q.answer()));
    answered(operation::create);
    co_return q.timing.done<write_outcome>(stored ? write_outcome::done : write_outcome::conflict);
}

task<result<write_outcome>> redis_store::compare_and_set(std::string_view sid, std::string_view expected,
                                                         std::string_view value) {
    question<1> q(*this, operation::compare_and_set, false);
    replace_script::append_request(q.op.request, key_of(sid), expected, value);
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    if (q.answer().is_error() && error_word(q.answer().text) == "NOSCRIPT") {
        replace_script::bring_source(q.op.request);
        if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    }
    if (q.answer().is_integer()) {
        answered(operation::compare_and_set);
        switch (q.answer().integer) {
            case replace_script::done: co_return q.timing.done<write_outcome>(write_outcome::done);
            case replace_script::conflict: co_return q.timing.done<write_outcome>(write_outcome::conflict);
            case replace_script::absent: co_return q.timing.done<write_outcome>(write_outcome::absent);
            default: break;
        }
    }
    co_return q.timing.failed<write_outcome>(not_expected(operation::compare_and_set, q.answer()));
}

task<result<write_outcome>> redis_store::touch(std::string_view sid, seconds ttl) {
    question<1> q(*this, operation::touch, true);
    append_command(q.op.request, {"EXPIRE", key_of(sid), std::to_string(storable(ttl).count())});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    if (!q.answer().is_integer())
        co_return q.timing.failed<write_outcome>(not_expected(operation::touch, q.answer()));
    answered(operation::touch);
    co_return q.timing.done<write_outcome>(q.answer().integer > 0 ? write_outcome::done
                                                                  : write_outcome::absent);
}

task<result<bool>> redis_store::destroy(std::string_view sid) {
    question<1> q(*this, operation::destroy, true);
    append_command(q.op.request, {"DEL", key_of(sid)});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<bool>(ec);
    if (!q.answer().is_integer())
        co_return q.timing.failed<bool>(not_expected(operation::destroy, q.answer()));
    answered(operation::destroy);
    co_return q.timing.done<bool>(q.answer().integer > 0);
}

task<result<void>> redis_store::ping() {
    question<1> q(*this, operation::ping, true);
    append_command(q.op.request, {"PING"});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<void>(ec);
    if (!q.answer().is_status("PONG"))
        co_return q.timing.failed<void>(not_expected(operation::ping, q.answer()));
    answered(operation::ping);
    co_return q.timing.done(result<void>());
}

// A reply that is no answer: a refusal, or not from Redis as we know it.
error_code redis_store::not_expected(operation o, const reply& r) {
    if (!r.is_error()) {
        connection_->distrust();
        return errc::store_protocol;
    }
    std::string& last = refusal_[static_cast<std::size_t>(o)];
    if (const auto word = error_word(r.text); word != last) {
        last = word;
        log::warn("the session store refuses",
                  {{"store", params_.url.display()}, {"operation", to_string(o)}, {"error", word}});
    }
    return errc::store_refused;
}

}  // namespace

std::unique_ptr<session::session_store> make_redis_store(boost::asio::io_context& io,
                                                         const store_params& params,
                                                         metrics_registry& metrics) {
    auto connection = std::make_shared<redis_connection>(io, params, metrics);
    auto direct = std::make_unique<redis_store>(connection, params, metrics);
    if (params.near_cache.enabled)
        return make_cached_store(std::move(direct), std::move(connection), io, params, metrics);
    connection->start();
    return direct;
}

}  // namespace vestibule::store

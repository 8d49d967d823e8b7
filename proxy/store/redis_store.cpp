#include <vestibule/store/redis_store.hpp>

#include <vestibule/base/logger.hpp>

#include "store/cached_store.hpp"
#include "store/redis_sessions.hpp"
#include "store/tombstone.hpp"
#include "store/ttl.hpp"

#include <algorithm>

namespace vestibule::store {

using session::stored_session;

namespace {

bool is_other_type(const reply& r) {
    return r.is_error() && error_word(r.text) == "WRONGTYPE";
}

// An answer to GET.
bool is_value(const reply& r) {
    return r.is_bulk() || r.is_nil() || is_other_type(r);
}

// `asked`: the TTL is counted from then on, rather a little short than too long.
session_ptr session_of(reply&& value, std::int64_t pttl, mono_time asked) {
    if (is_other_type(value)) {
        value.type = reply::kind::bulk;
        value.text.clear();
    }
    // The key may run out between the two.
    if (value.is_nil() || pttl == -2) return {};
    std::optional<milliseconds> ttl;
    if (pttl >= 0) ttl = milliseconds(pttl);
    return session_ptr(new stored_session(std::move(value.text), ttl, asked));
}

}  // namespace

task<result<session_ptr>> redis_store::load(std::string_view sid) {
    std::string copy(sid);
    const void* ignored = nullptr;
    co_return co_await load_from(std::move(copy), ignored);
}

task<result<session_ptr>> redis_store::load_from(std::string sid, const void*& answered_by) {
    using loaded = session_ptr;
    if (!tombstones()) co_return co_await load_alone(sid, answered_by);
    if (params_.near_cache.enabled) co_return co_await load_tracked(std::move(sid), answered_by);
    question<3> q(*this, operation::load, true, key_of(sid));
    append_command(q.op.request, {"MGET", key_of(sid), tombstone_of(sid)});
    append_command(q.op.request, {"PTTL", key_of(sid)});
    append_command(q.op.request, {"ECHO", sid});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<loaded>(ec);
    auto& [both, pttl, echo] = q.replies;
    if (const error_code ec = not_its_own(echo, sid, q.op)) co_return q.timing.failed<loaded>(ec);
    if (is_refusal(both)) {
        refuse_tombstones();
        co_return co_await load_alone(sid, answered_by);
    }
    if (is_split(both)) co_return co_await load_piecewise(std::move(sid), answered_by);
    if (both.items.size() != 2) co_return q.timing.failed<loaded>(not_expected(operation::load, both, q.op));
    if (!pttl.is_integer()) co_return q.timing.failed<loaded>(not_expected(operation::load, pttl, q.op));
    answered(operation::load);
    answered_by = q.op.answered_by;
    reply &value = both.items[0], &tombstone = both.items[1];
    if (tombstone.is_bulk()) {
        if (value.is_bulk()) co_await remove_risen(sid);
        co_return q.timing.done<loaded>(read_tombstone(tombstone.text, wall_now()));
    }
    // A key of another type is nil, too, and one that was made in between.
    if (value.is_nil() && pttl.integer != -2) co_return co_await load_alone(sid, answered_by);
    co_return q.timing.done<loaded>(session_of(std::move(value), pttl.integer, q.timing.started()));
}

// Stored by somebody who did not know of its end (connect-redis saves by SET).
task<void> redis_store::remove_risen(std::string_view sid) {
    risen_.add();
    co_await remove(sid);
}

// As above, and Redis is to tell of changes of the session, and not of the tombstone that is never there: it
// would be kept in Redis' table long after the session.
task<result<session_ptr>> redis_store::load_tracked(std::string sid, const void*& answered_by) {
    using loaded = session_ptr;
    question<5> q(*this, operation::load, true, key_of(sid));
    q.op.several_keys = true;
    append_command(q.op.request, {"CLIENT", "CACHING", "YES"});
    append_command(q.op.request, {"GET", key_of(sid)});
    append_command(q.op.request, {"GET", tombstone_of(sid)});
    append_command(q.op.request, {"PTTL", key_of(sid)});
    append_command(q.op.request, {"ECHO", sid});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<loaded>(ec);
    auto& [caching, value, tombstone, pttl, echo] = q.replies;
    if (const error_code ec = not_its_own(echo, sid, q.op)) co_return q.timing.failed<loaded>(ec);
    if (is_refusal(tombstone)) {
        refuse_tombstones();
        co_return co_await load_alone(sid, answered_by);
    }
    if (tombstone.is_error() && error_word(tombstone.text) == "ASK")
        co_return co_await load_piecewise(std::move(sid), answered_by);
    if (!is_value(tombstone))
        co_return q.timing.failed<loaded>(not_expected(operation::load, tombstone, q.op));
    if (!is_value(value)) co_return q.timing.failed<loaded>(not_expected(operation::load, value, q.op));
    if (!pttl.is_integer()) co_return q.timing.failed<loaded>(not_expected(operation::load, pttl, q.op));
    answered(operation::load);
    if (tombstone.is_bulk()) {
        if (!value.is_nil()) co_await remove_risen(sid);
        co_return q.timing.done<loaded>(read_tombstone(tombstone.text, wall_now()));
    }
    if (caching.is_status("OK")) answered_by = q.op.answered_by;
    co_return q.timing.done<loaded>(session_of(std::move(value), pttl.integer, q.timing.started()));
}

// Key by key.
task<result<session_ptr>> redis_store::load_piecewise(std::string sid, const void*& answered_by) {
    using loaded = session_ptr;
    {
        question<2> q(*this, operation::load, true, key_of(sid));
        append_command(q.op.request, {"GET", tombstone_of(sid)});
        append_command(q.op.request, {"ECHO", sid});
        if (const error_code ec = co_await q.asked()) co_return q.timing.failed<loaded>(ec);
        const auto& [tombstone, echo] = q.replies;
        if (const error_code ec = not_its_own(echo, sid, q.op)) co_return q.timing.failed<loaded>(ec);
        if (!tombstone.is_bulk() && !tombstone.is_nil())
            co_return q.timing.failed<loaded>(not_expected(operation::load, tombstone, q.op));
        if (tombstone.is_bulk()) {
            answered_by = nullptr;
            co_return q.timing.done<loaded>(read_tombstone(tombstone.text, wall_now()));
        }
    }
    co_return co_await load_alone(sid, answered_by);
}

// Whatever is said of its end.
task<result<session_ptr>> redis_store::load_alone(std::string_view sid, const void*& answered_by) {
    using loaded = session_ptr;
    question<4> q(*this, operation::load, true, key_of(sid));
    if (params_.near_cache.enabled)
        append_command(q.op.request, {"CLIENT", "CACHING", "YES"});
    else
        q.op.replies = q.op.replies.subspan(1);
    append_command(q.op.request, {"GET", key_of(sid)});
    append_command(q.op.request, {"PTTL", key_of(sid)});
    append_command(q.op.request, {"ECHO", sid});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<loaded>(ec);

    auto& [caching, value, pttl, echo] = q.replies;
    if (const error_code ec = not_its_own(echo, sid, q.op)) co_return q.timing.failed<loaded>(ec);
    if (!is_value(value)) co_return q.timing.failed<loaded>(not_expected(operation::load, value, q.op));
    if (!pttl.is_integer()) co_return q.timing.failed<loaded>(not_expected(operation::load, pttl, q.op));
    answered(operation::load);
    if (caching.is_status("OK")) answered_by = q.op.answered_by;
    co_return q.timing.done<loaded>(session_of(std::move(value), pttl.integer, q.timing.started()));
}

task<result<write_outcome>> redis_store::create(std::string_view sid, std::string_view value,
                                                std::optional<seconds> ttl) {
    question<1> q(*this, operation::create, false, key_of(sid));
    if (ttl)
        append_command(q.op.request,
                       {"SET", key_of(sid), value, "NX", "EX", std::to_string(storable(*ttl).count())});
    else
        append_command(q.op.request, {"SET", key_of(sid), value, "NX"});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    const bool stored = q.answer().is_status("OK");
    if (!stored && !q.answer().is_nil())
        co_return q.timing.failed<write_outcome>(not_expected(operation::create, q.answer(), q.op));
    answered(operation::create);
    co_return q.timing.done<write_outcome>(stored ? write_outcome::done : write_outcome::conflict);
}

task<result<write_outcome>> redis_store::touch(std::string_view sid, seconds ttl) {
    question<1> q(*this, operation::touch, true, key_of(sid));
    append_command(q.op.request, {"EXPIRE", key_of(sid), std::to_string(storable(ttl).count())});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    if (!q.answer().is_integer())
        co_return q.timing.failed<write_outcome>(not_expected(operation::touch, q.answer(), q.op));
    answered(operation::touch);
    co_return q.timing.done<write_outcome>(q.answer().integer > 0 ? write_outcome::done
                                                                  : write_outcome::absent);
}

task<result<session::destroyed>> redis_store::destroy(std::string_view sid) {
    using session::destroyed;
    if (!tombstones()) co_return co_await remove(sid);
    question<3> q(*this, operation::destroy, true, key_of(sid));
    append_command(q.op.request, {"GET", tombstone_of(sid)});
    // Before the session goes, so that nobody sees it absent without having seen why.
    append_command(q.op.request, {"SET", tombstone_of(sid), "-", "EX",
                                  std::to_string(storable(params_.tombstone).count())});
    append_command(q.op.request, {"DEL", key_of(sid)});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<destroyed>(ec);
    const auto& [before, set, removed] = q.replies;
    if (is_refusal(set))
        refuse_tombstones();
    else if (!set.is_status("OK"))
        co_return q.timing.failed<destroyed>(not_expected(operation::destroy, set, q.op));
    if (!removed.is_integer())
        co_return q.timing.failed<destroyed>(not_expected(operation::destroy, removed, q.op));
    answered(operation::destroy);
    destroyed out{.existed = removed.integer > 0};
    if (before.is_bulk()) out.moved_to = read_tombstone(before.text, wall_now())->value;
    co_return q.timing.done<destroyed>(std::move(out));
}

task<result<session::destroyed>> redis_store::remove(std::string_view sid) {
    using session::destroyed;
    question<1> q(*this, operation::destroy, true, key_of(sid));
    append_command(q.op.request, {"DEL", key_of(sid)});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<destroyed>(ec);
    if (!q.answer().is_integer())
        co_return q.timing.failed<destroyed>(not_expected(operation::destroy, q.answer(), q.op));
    answered(operation::destroy);
    destroyed out{.existed = q.answer().integer > 0};
    co_return q.timing.done<destroyed>(std::move(out));
}

// All parts of it.
task<result<void>> redis_store::ping() {
    const std::size_t parts = service_->parts();
    for (std::size_t i = 0; i < std::max<std::size_t>(parts, 1); ++i) {
        question<1> q(*this, operation::ping, true, {});
        if (parts > 1) q.op.part = static_cast<int>(i);
        append_command(q.op.request, {"PING"});
        if (const error_code ec = co_await q.asked()) co_return q.timing.failed<void>(ec);
        if (!q.answer().is_status("PONG"))
            co_return q.timing.failed<void>(not_expected(operation::ping, q.answer(), q.op));
        answered(operation::ping);
        q.timing.done(result<void>());
    }
    co_return result<void>();
}

// Without them all goes on: what has ended can only be brought back by others.
void redis_store::refuse_tombstones() {
    if (std::exchange(tombstones_refused_, true)) return;
    log::warn("no tombstones: the session store does not let keys vestibule:* be used",
              {{"store", params_.url.display()}});
}

// In the slot of the session's key on a Cluster: by its own hash tag, or with the key as one.
std::string redis_store::tombstone_of(std::string_view sid) const {
    const std::string key = params_.prefix + std::string(sid);
    const auto open = key.find('{');
    const bool tagged = open != key.npos && key.find('}', open + 1) != key.npos && key[open + 1] != '}';
    return "vestibule:ended:" + (tagged ? key : "{" + key + "}");
}

// Answers are told apart by their order alone. Should a stream ever lose some (something in between that is
// no Redis), those of another visitor's session would be taken for this one's: so each load ends with an
// ECHO.
error_code redis_store::not_its_own(const reply& echo, std::string_view sid, const redis_operation& op) {
    if (echo.is_bulk() && echo.text == sid) return {};
    // Not where the server answers nothing for now (LOADING, BUSY, NOAUTH), or does not allow this.
    const bool known =
        echo.is_error() && (error_word(echo.text) == "NOPERM" || op.replies.front().is_error());
    if (!known) op.answered_by->distrust();
    return echo.is_error() ? not_expected(operation::load, echo, op) : errc::store_protocol;
}

// A reply that is no answer: a refusal, or not from Redis as we know it.
error_code redis_store::not_expected(operation o, const reply& r, const redis_operation& op) {
    if (!r.is_error()) {
        op.answered_by->distrust();
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

std::unique_ptr<session::session_store> make_redis_store(boost::asio::io_context& io,
                                                         const store_params& params,
                                                         metrics_registry& metrics) {
    auto service = make_redis_service(io, params, metrics);
    auto direct = std::make_unique<redis_store>(service, params, metrics);
    if (params.near_cache.enabled) return make_cached_store(std::move(direct), std::move(service), metrics);
    service->start();
    return direct;
}

}  // namespace vestibule::store

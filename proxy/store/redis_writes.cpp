// What has to look and write in one step.
#include "store/redis_sessions.hpp"
#include "store/tombstone.hpp"
#include "store/ttl.hpp"

#include <algorithm>

namespace vestibule::store {

task<result<write_outcome>> redis_store::compare_and_set(std::string_view sid, std::string_view expected,
                                                         std::string_view value) {
    question<1> q(*this, operation::compare_and_set, false, key_of(sid));
    scripts::replace().append_request(q.op.request, {key_of(sid)}, {expected, value});
    co_return co_await where_expected(q, operation::compare_and_set, scripts::replace());
}

task<result<write_outcome>> redis_store::retire(std::string_view sid, std::string_view expected,
                                                std::string_view moved_to, bool follow, milliseconds grace) {
    question<1> q(*this, operation::retire, false, key_of(sid));
    if (tombstones_refused_) {
        scripts::remove().append_request(q.op.request, {key_of(sid)}, {expected});
        co_return co_await where_expected(q, operation::retire, scripts::remove());
    }
    // Where there are no others, one that lasts as long as the grace.
    const seconds lasting = std::max(params_.tombstone, std::chrono::ceil<seconds>(grace));
    const std::string tombstone = tombstone_of(sid);
    scripts::retire().append_request(q.op.request, {key_of(sid), tombstone},
                                     {expected, tombstone_text(moved_to, follow, grace, wall_now()),
                                      std::to_string(storable(lasting).count())});
    const auto retired = co_await where_expected(q, operation::retire, scripts::retire());
    if (retired || !is_split(q.answer())) co_return retired;
    co_return co_await retire_piecewise(std::string(sid), std::string(expected), tombstone,
                                        tombstone_text(moved_to, follow, grace, wall_now()), lasting);
}

// Without tombstones everybody gets one.
task<result<write_outcome>> redis_store::claim(std::string_view sid, std::string_view by,
                                               milliseconds grace) {
    if (!tombstones()) co_return write_outcome::done;
    question<1> q(*this, operation::retire, false, tombstone_of(sid));
    const seconds lasting = std::max(params_.tombstone, std::chrono::ceil<seconds>(grace));
    append_command(q.op.request, {"SET", tombstone_of(sid), tombstone_text(by, false, grace, wall_now()),
                                  "NX", "EX", std::to_string(storable(lasting).count())});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<write_outcome>(ec);
    if (is_refusal(q.answer())) {
        refuse_tombstones();
        co_return q.timing.done<write_outcome>(write_outcome::done);
    }
    if (!q.answer().is_status("OK") && !q.answer().is_nil())
        co_return q.timing.failed<write_outcome>(not_expected(operation::retire, q.answer(), q.op));
    answered(operation::retire);
    co_return q.timing.done<write_outcome>(q.answer().is_nil() ? write_outcome::conflict
                                                               : write_outcome::done);
}

// Key by key, the tombstone first: nobody finds neither. Where the session has changed meanwhile it is taken
// back; who has come in between was sent to the new sid, or away.
task<result<write_outcome>> redis_store::retire_piecewise(std::string sid, std::string expected,
                                                          std::string tombstone, std::string text,
                                                          seconds lasting) {
    const std::string ttl = std::to_string(storable(lasting).count());
    {
        question<1> set(*this, operation::retire, true, tombstone);
        append_command(set.op.request, {"SET", tombstone, text, "EX", ttl});
        if (const error_code ec = co_await set.asked()) co_return set.timing.failed<write_outcome>(ec);
        if (!set.answer().is_status("OK"))
            co_return set.timing.failed<write_outcome>(not_expected(operation::retire, set.answer(), set.op));
    }
    question<1> q(*this, operation::retire, false, key_of(sid));
    scripts::remove().append_request(q.op.request, {key_of(sid)}, {expected});
    const auto removed = co_await where_expected(q, operation::retire, scripts::remove());
    if (removed && *removed != write_outcome::done) {
        question<1> undo(*this, operation::retire, true, tombstone);
        append_command(undo.op.request, {"DEL", tombstone});
        if (const error_code ec = co_await undo.asked()) co_return undo.timing.failed<write_outcome>(ec);
    }
    co_return removed;
}

// Asks a script once more with its source, where the server has forgotten it.
task<error_code> redis_store::ask(question<1>& q, const redis_script& script) {
    if (const error_code ec = co_await q.asked()) co_return ec;
    if (!q.answer().is_error() || error_word(q.answer().text) != "NOSCRIPT") co_return error_code();
    script.bring_source(q.op.request);
    co_return co_await q.asked();
}

task<result<write_outcome>> redis_store::where_expected(question<1>& q, operation o,
                                                        const redis_script& script) {
    if (const error_code ec = co_await ask(q, script)) co_return q.timing.failed<write_outcome>(ec);
    if (q.answer().is_integer()) {
        answered(o);
        switch (q.answer().integer) {
            case scripts::done: co_return q.timing.done<write_outcome>(write_outcome::done);
            case scripts::conflict: co_return q.timing.done<write_outcome>(write_outcome::conflict);
            case scripts::absent: co_return q.timing.done<write_outcome>(write_outcome::absent);
            default: break;
        }
    }
    co_return q.timing.failed<write_outcome>(not_expected(o, q.answer(), q.op));
}

}  // namespace vestibule::store

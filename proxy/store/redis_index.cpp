// The lists of users' sessions: a sorted set for each user, by when they end.
#include "store/redis_sessions.hpp"
#include "store/ttl.hpp"

#include <vestibule/base/base64.hpp>
#include <vestibule/base/crypto.hpp>

#include <charconv>
#include <utility>

namespace vestibule::store {
namespace {

constexpr std::size_t longest_user = 128;  // bytes, as it stands in a key
constexpr std::size_t page = 500;          // of one reply
constexpr std::size_t most_listed = 10'000;
constexpr std::string_view tombstone_prefix = "vestibule:ended:";  // as tombstone_of has it

// A pattern that means the text alone.
std::string glob_quoted(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("*?[]^-\\").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string text_of(unix_time t) {
    return std::to_string(t.time_since_epoch().count());
}

// "cursor" of the first part of the store, "part:cursor" of another one. A '.' is the directory's own.
std::pair<int, std::string> read_cursor(std::string_view from) {
    int part = 0;
    const auto [end, ec] = std::from_chars(from.data(), from.data() + from.size(), part);
    if (ec == std::errc() && end != from.data() + from.size() && *end == ':' && part >= 0)
        from.remove_prefix(static_cast<std::size_t>(end + 1 - from.data()));
    else
        part = 0;
    return {part, std::string(from.empty() ? "0" : from)};
}

}  // namespace

std::string redis_store::index_of(std::string_view user) const {
    std::string key = "vestibule:user:" + params_.prefix;
    if (user.size() <= longest_user)
        key += user;
    else
        key += "#" + base64url(hmac_key("vestibule user").sign(user));
    return key;
}

task<result<std::size_t>> redis_store::enlist(std::string_view user, std::string_view sid,
                                              std::optional<seconds> ttl) {
    using count = std::size_t;
    const std::string index = index_of(user);
    question<1> q(*this, operation::enlist, true, index);
    const unix_time now = wall_now();
    const std::string until = ttl ? text_of(now + storable(*ttl)) : "+inf";
    scripts::enlist().append_request(q.op.request, {index}, {text_of(now), until, sid});
    if (const error_code ec = co_await ask(q, scripts::enlist())) co_return q.timing.failed<count>(ec);
    if (!q.answer().is_integer())
        co_return q.timing.failed<count>(not_expected(operation::enlist, q.answer(), q.op));
    answered(operation::enlist);
    co_return q.timing.done<count>(static_cast<count>(q.answer().integer));
}

task<result<void>> redis_store::delist(std::string_view user, std::string_view sid) {
    const std::string index = index_of(user);
    question<1> q(*this, operation::delist, true, index);
    append_command(q.op.request, {"ZREM", index, sid});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<void>(ec);
    if (!q.answer().is_integer())
        co_return q.timing.failed<void>(not_expected(operation::delist, q.answer(), q.op));
    answered(operation::delist);
    co_return q.timing.done(result<void>());
}

task<result<std::vector<std::string>>> redis_store::make_room(std::string_view user, std::string_view sid,
                                                              std::size_t count) {
    using sids = std::vector<std::string>;
    const std::string index = index_of(user);
    question<1> q(*this, operation::delist, false, index);
    scripts::make_room().append_request(q.op.request, {index}, {sid, std::to_string(count)});
    if (const error_code ec = co_await ask(q, scripts::make_room())) co_return q.timing.failed<sids>(ec);
    if (q.answer().type != reply::kind::array)
        co_return q.timing.failed<sids>(not_expected(operation::delist, q.answer(), q.op));
    answered(operation::delist);
    sids out;
    for (reply& r : q.answer().items) out.push_back(std::move(r.text));
    co_return q.timing.done<sids>(std::move(out));
}

task<result<std::vector<std::string>>> redis_store::sessions_of(std::string_view user) {
    using sids = std::vector<std::string>;
    const std::string key = index_of(user);
    const std::string now = text_of(wall_now());
    sids all;
    for (bool more = true; more && all.size() < most_listed;) {
        question<1> q(*this, operation::sessions_of, true, key);
        append_command(q.op.request, {"ZRANGEBYSCORE", key, now, "+inf", "LIMIT", std::to_string(all.size()),
                                      std::to_string(page)});
        if (const error_code ec = co_await q.asked()) co_return q.timing.failed<sids>(ec);
        if (q.answer().type != reply::kind::array)
            co_return q.timing.failed<sids>(not_expected(operation::sessions_of, q.answer(), q.op));
        for (reply& r : q.answer().items) all.push_back(std::move(r.text));
        more = q.answer().items.size() == page;
        answered(operation::sessions_of);
        q.timing.done(result<void>());
    }
    co_return all;
}

task<result<session::sid_page>> redis_store::scan(std::string_view from, std::size_t count) {
    using found = session::sid_page;
    const auto [part, cursor] = read_cursor(from);
    question<1> q(*this, operation::scan, true, {});
    q.op.part = part;
    append_command(q.op.request, {"SCAN", cursor, "MATCH", glob_quoted(params_.prefix) + "*", "COUNT",
                                  std::to_string(std::min(count, page)), "TYPE", "string"});
    if (const error_code ec = co_await q.asked()) co_return q.timing.failed<found>(ec);
    const reply& answer = q.answer();
    if (answer.items.size() != 2 || !answer.items[0].is_bulk())
        co_return q.timing.failed<found>(not_expected(operation::scan, answer, q.op));
    answered(operation::scan);
    found p;
    if (answer.items[0].text != "0")
        p.next = (part > 0 ? std::to_string(part) + ':' : std::string()) + answer.items[0].text;
    else if (static_cast<std::size_t>(part) + 1 < service_->parts())
        p.next = std::to_string(part + 1) + ":0";
    for (const reply& key : answer.items[1].items)
        if (key.text.starts_with(params_.prefix) && !key.text.starts_with(tombstone_prefix))
            p.sids.push_back(key.text.substr(params_.prefix.size()));
    co_return q.timing.done<found>(std::move(p));
}

}  // namespace vestibule::store

#include "store/sentinel_dialer.hpp"

#include "store/redis_operation.hpp"

#include <array>

namespace vestibule::store {
namespace {

constexpr milliseconds patience{300};  // with a sentinel, and then with its answer

}  // namespace

sentinel_dialer::sentinel_dialer(boost::asio::io_context& io, const store_params& p) : io_(io), params_(p) {}

void sentinel_dialer::cancel() {
    cancelled_ = true;
    if (dial_) dial_->cancel();
    if (limit_) limit_->close_now();
}

task<result<dialer::dialled>> sentinel_dialer::open() {
    auto primary = co_await find_primary();
    if (cancelled_) co_return errc::store_unavailable;
    if (!primary) co_return errc::store_unavailable;
    dial_.emplace(io_, params_, *primary, greeting_of(params_));
    auto found = co_await dial_->open();
    if (!found) {
        problem_ = "primary " + name_of(*primary) + ": " + dial_->problem();
        first_ = (first_ + 1) % params_.url.seeds.size();  // another sentinel may know better
    }
    dial_.reset();
    co_return found;
}

task<std::optional<net::endpoint>> sentinel_dialer::find_primary() {
    const auto& seeds = params_.url.seeds;
    for (std::size_t i = 0; i < seeds.size() && !cancelled_; ++i) {
        const std::size_t n = (first_ + i) % seeds.size();
        const net::endpoint to{.host = seeds[n].host, .port = seeds[n].port, .unix_path = {}};
        const std::string name = "sentinel " + name_of(to) + ": ";
        dial_.emplace(io_, params_, to, sentinel_greeting(params_), patience);
        auto sentinel = co_await dial_->open();
        if (!sentinel) {
            problem_ = name + dial_->problem();
            continue;
        }
        auto primary = co_await ask(*sentinel->stream);
        if (primary) {
            first_ = n;
            co_return primary;
        }
        problem_ = name + problem_;
    }
    co_return std::nullopt;
}

task<std::optional<net::endpoint>> sentinel_dialer::ask(net::byte_stream& sentinel) {
    limit_.emplace(io_, sentinel, exact_now() + patience);
    std::string question;
    append_question(question, params_.url.service);
    reply_decoder decoder;
    reply r;
    auto status = reply_decoder::status::need_more;
    error_code ec = co_await net::write_all(sentinel, boost::asio::buffer(question));
    std::array<char, 1024> buffer;
    while (!ec && status == reply_decoder::status::need_more) {
        const auto read = co_await net::read_some(sentinel, boost::asio::buffer(buffer));
        ec = read.ec;
        if (ec) break;
        decoder.feed({buffer.data(), read.bytes});
        status = decoder.next(r);
    }
    limit_.reset();
    problem_ = "no answer";
    if (ec || status != reply_decoder::status::ready) co_return std::nullopt;
    co_return read_primary(r, problem_);
}

}  // namespace vestibule::store

#include "upstream/checker.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/http/head.hpp>
#include <vestibule/net/event_loop.hpp>

#include <algorithm>

namespace vestibule::upstream {
namespace {

constexpr std::size_t max_head = 64 * 1024;

std::string host_of(const endpoint_params& p) {
    if (!p.unix_path.empty()) return "localhost";
    return p.url.substr(p.url.find("//") + 2);
}

bool is_good(unsigned status, const check_params& p) noexcept {
    return std::ranges::any_of(p.status,
                               [&](const auto& r) { return r.first <= status && status <= r.second; });
}

}  // namespace

bool check_judge::note(bool good) noexcept {
    row_ = good == last_ ? row_ + 1 : 1;
    last_ = good;
    if (std::exchange(first_, false) || row_ >= (good ? healthy_ : unhealthy_)) down_ = !good;
    return down_;
}

struct checker::state {
    state(boost::asio::io_context& context, const endpoint_params& w, std::shared_ptr<backend_health> h,
          const check_params& p, const connector& c)
        : io(context),
          where(w),
          health(std::move(h)),
          params(p),
          connect(c),
          pause(context),
          limit(context) {}

    static task<void> run(std::shared_ptr<state> self, milliseconds delay);
    task<bool> check(std::string& why);
    task<bool> ask(std::string& why);

    boost::asio::io_context& io;
    const endpoint_params where;
    const std::shared_ptr<backend_health> health;
    const check_params params;
    const connector connect;
    net::timer pause, limit;
    std::unique_ptr<net::byte_stream> stream;
    bool over = false;
};

task<void> checker::state::run(std::shared_ptr<state> self, milliseconds delay) {
    state& s = *self;
    check_judge judge(s.params);
    while (!s.over) {
        s.pause.expires_after(delay);
        if (!co_await net::wait(s.pause) || s.over) break;
        std::string why;
        const bool good = co_await s.check(why);
        if (s.over) break;
        const bool down = judge.note(good);
        if (s.health->set_down(down, mono_now())) {
            if (down)
                log::warn("backend is down", {{"backend", s.where.url}, {"reason", why}});
            else
                log::info("backend is up again", {{"backend", s.where.url}});
        }
        delay = s.params.interval;
    }
}

// One check, connecting included, within the timeout.
task<bool> checker::state::check(std::string& why) {
    std::string problem;
    auto opened = co_await connect(where, params.timeout, problem);
    if (!opened) {
        why = problem.empty() ? opened.error().message() : problem;
        co_return false;
    }
    if (over) co_return false;
    stream = std::move(*opened);
    struct waiting {
        bool fired = false, left = false;
    };
    const auto expiry = std::make_shared<waiting>();
    limit.expires_after(params.timeout);
    limit.async_wait([this, expiry](const error_code& ec) {
        if (ec || expiry->left) return;
        expiry->fired = true;
        stream->close();
    });
    const bool good = co_await ask(why);
    expiry->left = true;
    limit.cancel();
    if (expiry->fired) why = "no answer in time";
    stream.reset();
    co_return good;
}

task<bool> checker::state::ask(std::string& why) {
    const std::string request = "GET " + params.path + " HTTP/1.1\r\nHost: " + host_of(where) +
                                "\r\nUser-Agent: vestibule\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    error_code ec = co_await net::write_all(*stream, boost::asio::buffer(request));
    std::string head(1024, '\0');
    std::size_t size = 0, end = std::string::npos;
    while (!ec && (end = http::find_head_end(std::string_view(head).substr(0, size))) == std::string::npos) {
        if (size == head.size()) head.resize(2 * size);
        if (size >= max_head) break;
        const auto [failed, n] = co_await net::read_some(*stream, boost::asio::buffer(head) + size);
        ec = failed;
        size += n;
    }
    http::response_head answer;
    if (!ec && end != std::string::npos)
        ec = http::parse_response_head(std::string_view(head).substr(0, end), answer);
    else if (!ec)
        ec = errc::bad_response;
    if (ec) {
        why = ec == boost::asio::error::eof ? "closed without an answer" : ec.message();
        co_return false;
    }
    const bool good = is_good(answer.status, params);
    if (!good) why = "status " + std::to_string(answer.status);
    co_return good;
}

checker::checker(boost::asio::io_context& io, const endpoint_params& where,
                 std::shared_ptr<backend_health> health, const check_params& p, const connector& connect,
                 milliseconds delay)
    : state_(std::make_shared<state>(io, where, std::move(health), p, connect)) {
    detach(state::run(state_, delay));
}

checker::~checker() {
    if (!state_) return;
    state_->over = true;
    state_->pause.cancel();
    state_->limit.cancel();
    if (state_->stream) state_->stream->close();
}

}  // namespace vestibule::upstream

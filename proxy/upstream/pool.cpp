#include "upstream/pool.hpp"

#include <vestibule/base/logger.hpp>

#include <algorithm>

namespace vestibule::upstream {
namespace {

constexpr std::array<const char*, 5> failure_kinds{"connect", "connect_timeout", "response_timeout", "closed",
                                                   "bad_response"};

std::size_t kind_of(error_code ec) noexcept {
    if (ec == errc::connect_failed) return 0;
    if (ec == errc::connect_timeout) return 1;
    if (ec == errc::response_timeout) return 2;
    return ec == errc::bad_response ? 4 : 3;
}

}  // namespace

backend_cells::backend_cells(metrics_registry& r, const std::string& url)
    : requests(r.counter("vestibule_backend_requests_total",
                         "Requests that got a connection to this backend, repeated ones included.",
                         {{"backend", url}})),
      connects(r.counter("vestibule_backend_connects_total", "Connections opened to the backend.",
                         {{"backend", url}})),
      connect_failures(r.counter("vestibule_backend_connect_failures_total",
                                 "Connections to the backend that could not be opened.", {{"backend", url}})),
      idle(r.gauge("vestibule_backend_idle_connections", "Idle connections kept to the backend.",
                   {{"backend", url}})),
      active(r.gauge("vestibule_backend_active", "Exchanges under way at the backend, tunnels included.",
                     {{"backend", url}})),
      failures{} {
    for (std::size_t i = 0; i < failures.size(); ++i)
        failures[i] = &r.counter("vestibule_backend_failures_total",
                                 "Attempts that got no answer from this backend, by what was wrong.",
                                 {{"backend", url}, {"kind", failure_kinds[i]}});
}

void backend_cells::count_failure(error_code ec) noexcept {
    failures[kind_of(ec)]->add();
}

pool::pool(pool_owner& owner, const waiting_line& line, net::deadline_sweeper& sweeper, endpoint_params where,
           backend_cells& cells, std::shared_ptr<backend_health> health, connector connect)
    : owner_(owner),
      line_(line),
      where_(std::move(where)),
      cells_(cells),
      health_(std::move(health)),
      tls_(tls_of(where_)),
      connect_(std::move(connect)),
      sweep_(sweeper, [this] { expire(); }) {}

void pool::configure(unsigned weight, std::size_t limit, milliseconds connect_timeout,
                     milliseconds idle_timeout) {
    where_.weight = weight;
    limit_ = limit;
    connect_timeout_ = connect_timeout;
    idle_timeout_ = idle_timeout;
}

void pool::retire() {
    retired_ = true;
    cells_.idle.add(-std::int64_t(idle_.size()));
    open_ -= idle_.size();
    idle_.clear();
}

lease pool::take(reuse r) {
    while (r != reuse::never && !idle_.empty()) {
        std::unique_ptr<net::byte_stream> stream = std::move(idle_.back().stream);
        idle_.pop_back();
        cells_.idle.add(-1);
        // What came when nobody had asked is nobody's answer, and an end is an end.
        if (r == reuse::verified ? !stream->has_pending_input() : !stream->has_news())
            return {*this, std::move(stream), true};
        --open_;
    }
    return {};
}

void pool::count_in() {
    // Nobody but a request that wants a fresh one finds idle ones here.
    if (limit_ != 0 && open_ >= limit_ && !idle_.empty()) {
        idle_.erase(idle_.begin());
        cells_.idle.add(-1);
        --open_;
    }
    ++open_;
}

task<result<lease>> pool::open() {
    cells_.connects.add();
    std::string problem;
    auto opened = co_await connect_(where_, connect_timeout_, problem);
    tell(problem);
    if (opened) co_return lease(*this, std::move(*opened), false);
    cells_.connect_failures.add();
    cells_.count_failure(opened.error());
    free_room();
    co_return opened.error();
}

// What the error alone does not say is said once.
void pool::tell(const std::string& problem) {
    if (problem == told_) return;
    told_ = problem;
    if (!problem.empty())
        log::warn("no connection to the backend", {{"backend", where_.url}, {"reason", problem}});
}

void pool::begin_use() noexcept {
    ++active_;
    cells_.active.add(1);
    cells_.requests.add();
}

void pool::end_use(std::unique_ptr<net::byte_stream> stream, bool clean) {
    --active_;
    cells_.active.add(-1);
    if (!clean || retired_ || idle_timeout_ <= milliseconds(0)) stream.reset();
    if (!line_.empty() && !retired_ && owner_.take_over(*this, stream)) return;
    if (stream)
        put_idle(std::move(stream));
    else
        --open_;
}

void pool::close_only(lease& l) {
    --active_;
    cells_.active.add(-1);
    l.stream_.reset();
    l.home_ = nullptr;
}

void pool::put_idle(std::unique_ptr<net::byte_stream> stream) {
    // Over the limit, when that has become lower.
    if (limit_ != 0 && open_ > limit_) {
        --open_;
        return;
    }
    idle_.push_back({std::move(stream), mono_now() + idle_timeout_});
    cells_.idle.add(1);
    if (!sweep_.armed()) arm();
}

void pool::free_room() {
    std::unique_ptr<net::byte_stream> none;
    if (line_.empty() || retired_ || !owner_.take_over(*this, none)) --open_;
}

// The oldest idle connection decides when to look again.
void pool::arm() {
    if (!idle_.empty())
        sweep_.set(std::max(std::chrono::duration_cast<milliseconds>(idle_.front().until - mono_now()),
                            milliseconds(1)));
}

void pool::expire() {
    // Also those that the backend closed: they only take room.
    const auto gone = std::ranges::remove_if(
        idle_, [now = mono_now()](auto& c) { return c.until <= now || c.stream->has_pending_input(); });
    cells_.idle.add(-std::int64_t(gone.size()));
    open_ -= gone.size();
    idle_.erase(gone.begin(), gone.end());
    arm();
}

lease::lease(pool& home, std::unique_ptr<net::byte_stream> stream, bool reused) noexcept
    : stream_(std::move(stream)), home_(&home), reused_(reused) {
    home.begin_use();
}

void lease::end_at_home(bool clean) {
    pool& home = *std::exchange(home_, nullptr);
    home.end_use(std::move(stream_), clean);
}

}  // namespace vestibule::upstream

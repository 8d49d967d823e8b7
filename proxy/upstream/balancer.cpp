#include <vestibule/upstream/balancer.hpp>

#include "upstream/checker.hpp"
#include "upstream/choice.hpp"
#include "upstream/pool.hpp"
#include "upstream/waiting_line.hpp"

#include <vestibule/upstream/open.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>

namespace vestibule::upstream {

std::size_t worker_share::part_of(std::size_t limit) const noexcept {
    if (limit == 0) return 0;
    return std::max<std::size_t>(limit / of + (index < limit % of), 1);
}

struct balancer::impl final : pool_owner {
    impl(boost::asio::io_context& context, net::deadline_sweeper& s, health_board& b, metrics_registry& r,
         worker_share w, connector c)
        : io(context),
          sweeper(s),
          board(b),
          metrics(r),
          share(w),
          connect(std::move(c)),
          line(context, s, r),
          random(std::random_device{}()) {}

    pool* choose(const search& s);
    std::size_t pick(const search& s, std::span<const std::uint32_t> parts, bool room, bool in);
    bool in_use(const pool& p);
    bool take_over(pool& from, std::unique_ptr<net::byte_stream>& clean) override;
    void serve_waiting();
    void configure(const upstream_params& p);
    std::unique_ptr<pool> pool_of(const endpoint_params& where);
    backend_cells& cells_of(const std::string& url);

    boost::asio::io_context& io;
    net::deadline_sweeper& sweeper;
    health_board& board;
    metrics_registry& metrics;
    const worker_share share;
    const connector connect;
    upstream_params params;
    waiting_line line;
    std::map<std::string, std::unique_ptr<backend_cells>> cells;  // of all there ever were
    std::vector<std::unique_ptr<pool>> pools;                     // by position
    std::vector<std::unique_ptr<pool>> retired;                   // while anything of them is used
    std::vector<backend_health*> healths;                         // by position
    std::vector<checker> checkers;
    rotation turns;
    std::mt19937_64 random;
};

namespace {

std::uint64_t bit(const pool& p) noexcept {
    return std::uint64_t(1) << p.position;
}

std::uint32_t part_now(backend_health& h) noexcept {
    if (h.fine()) return 100;
    const mono_time now = mono_now();
    const unsigned part = h.part(now);
    if (part == 100) h.settle(now);
    return part;
}

}  // namespace

// The best of those that were not tried: with room, else without, else even those that are out (it is that or
// an error).
pool* balancer::impl::choose(const search& s) {
    if (pools.size() == 1) return pools[0].get();
    std::array<std::uint32_t, max_backends> all_parts;
    const auto parts = std::span(all_parts).first(pools.size());
    for (std::size_t i = 0; i < pools.size(); ++i) parts[i] = part_now(*healths[i]);
    std::size_t i = pick(s, parts, true, true);
    if (i == nobody) i = pick(s, parts, false, true);
    if (i == nobody) i = pick(s, parts, false, false);
    return i == nobody ? pools[0].get() : pools[i].get();
}

std::size_t balancer::impl::pick(const search& s, std::span<const std::uint32_t> parts, bool room, bool in) {
    std::array<candidate, max_backends> all;
    const auto candidates = std::span(all).first(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const pool& p = *pools[i];
        const bool may = (s.tried_ & bit(p)) == 0 && !(room && p.full());
        candidates[i] = {may ? p.weight() * (in ? parts[i] : 100) : 0, p.active()};
    }
    if (params.balance == balance_mode::least_requests) return least_requests(candidates, random());
    return turns.next(candidates);
}

// Whether it may serve those who wait: where all are out, all are used.
bool balancer::impl::in_use(const pool& p) {
    if (part_now(p.health()) > 0) return true;
    return std::ranges::none_of(healths, [](backend_health* h) { return part_now(*h) > 0; });
}

bool balancer::impl::take_over(pool& from, std::unique_ptr<net::byte_stream>& clean) {
    if (!in_use(from)) return false;
    search* const s = line.next_to_serve();
    if (s == nullptr) return false;
    const bool unfit =
        s->how == reuse::never || (s->how == reuse::verified && clean && clean->has_pending_input());
    if (unfit) clean.reset();
    s->chosen_ = &from;
    if (clean) s->granted_ = lease(from, std::move(clean), true);
    line.serve(*s);
    return true;
}

// Where there may be more room than before.
void balancer::impl::serve_waiting() {
    while (!line.empty()) {
        const auto free = std::ranges::find_if(pools, [this](auto& p) { return !p->full() && in_use(*p); });
        search* const s = free == pools.end() ? nullptr : line.next_to_serve();
        if (s == nullptr) return;
        s->chosen_ = free->get();
        s->chosen_->count_in();
        line.serve(*s);
    }
}

backend_cells& balancer::impl::cells_of(const std::string& url) {
    auto& found = cells[url];
    if (!found) found = std::make_unique<backend_cells>(metrics, url);
    return *found;
}

std::unique_ptr<pool> balancer::impl::pool_of(const endpoint_params& where) {
    for (auto& p : pools)
        if (p && p->where().same_place(where)) return std::move(p);
    return std::make_unique<pool>(*this, line, sweeper, where, cells_of(where.url),
                                  board.of(where.url, metrics), connect);
}

void balancer::impl::configure(const upstream_params& p) {
    params = p;
    std::vector<std::unique_ptr<pool>> now;
    for (const endpoint_params& where : p.backends) {
        std::unique_ptr<pool>& one = now.emplace_back(pool_of(where));
        one->configure(where.weight, share.part_of(p.load.connections), p.connect_timeout, p.idle_timeout);
        one->position = now.size() - 1;
    }
    std::swap(pools, now);
    for (auto& gone : now) {
        if (!gone) continue;
        gone->retire();
        retired.push_back(std::move(gone));
    }
    std::erase_if(retired, [](const auto& r) { return r->unused(); });
    healths.clear();
    for (const auto& one : pools) healths.push_back(&one->health());
    line.configure(p.load, share.part_of(p.load.pending));
    checkers.clear();
    if (share.index == 0 && p.health.check.on()) {
        for (std::size_t i = 0; i < pools.size(); ++i)
            checkers.emplace_back(io, pools[i]->where(), board.of(pools[i]->where().url, metrics),
                                  p.health.check, connect, p.health.check.interval * i / pools.size());
    } else if (share.index == 0) {
        for (backend_health* h : healths) h->set_down(false, mono_now());
    }
    serve_waiting();
}

balancer::balancer(boost::asio::io_context& io, net::deadline_sweeper& sweeper, const upstream_params& params,
                   health_board& board, metrics_registry& metrics, worker_share share, connector connect) {
    if (!connect)
        connect = [&io](const endpoint_params& to, milliseconds timeout, std::string& problem) {
            return open(io, to, timeout, problem);
        };
    impl_ = std::make_unique<impl>(io, sweeper, board, metrics, share, std::move(connect));
    impl_->configure(params);
}

balancer::~balancer() = default;

lease balancer::at_hand(search& s) {
    if (s.has_room_) return {};
    s.chosen_ = nullptr;
    if (!impl_->line.empty()) return {};
    s.chosen_ = impl_->choose(s);
    return s.chosen_->take(s.how);
}

task<result<lease>> balancer::acquire(search& s) {
    const auto until = std::chrono::steady_clock::now() + 2 * impl_->params.connect_timeout;
    for (;;) {
        if (s.has_room_) {
            s.has_room_ = false;
        } else if (!impl_->line.empty() || s.chosen_->full()) {
            if (const error_code ec = co_await impl_->line.wait(s)) co_return ec;
            if (s.granted_) co_return std::move(s.granted_);
        } else {
            s.chosen_->count_in();
        }
        pool& at = *s.chosen_;
        auto opened = co_await at.open();
        if (opened) co_return std::move(*opened);
        failed_at(s, at);
        if (s.stay || !has_other(s) || std::chrono::steady_clock::now() >= until) co_return opened.error();
        s.chosen_ = impl_->choose(s);
        if (impl_->line.empty())
            if (lease l = s.chosen_->take(s.how)) co_return std::move(l);
    }
}

void balancer::replace(search& s, lease& l) {
    s.how = reuse::never;
    s.chosen_ = l.home_;
    s.has_room_ = true;
    s.chosen_->close_only(l);
}

void balancer::answered(const lease& l) noexcept {
    l.home_->health().note_success();
}

void balancer::failed(search& s, const lease& l, error_code why) {
    l.home_->cells().count_failure(why);
    failed_at(s, *l.home_);
}

void balancer::failed_at(search& s, const pool& at) {
    s.tried_ |= bit(at);
    impl_->board.note_failure(at.health(), impl_->healths, impl_->params.health, mono_now());
}

bool balancer::has_other(const search& s) const noexcept {
    const std::size_t n = impl_->pools.size();
    return n > 1 && (~s.tried_ << (64 - n)) != 0;
}

void balancer::reconfigure(const upstream_params& params) {
    impl_->configure(params);
}

std::size_t balancer::idle() const noexcept {
    std::size_t n = 0;
    for (const auto& p : impl_->pools) n += p->idle();
    return n;
}

std::size_t balancer::waiting() const noexcept {
    return impl_->line.size();
}

}  // namespace vestibule::upstream

#include <vestibule/upstream/pool.hpp>

#include <algorithm>

namespace vestibule::upstream {
namespace {

net::endpoint to_endpoint(const endpoint_params& p) {
    return {p.host, p.port, p.unix_path};
}

}  // namespace

pool::pool(boost::asio::io_context& io, net::deadline_sweeper& sweeper, const upstream_params& params,
           metrics_registry& metrics, connector connect)
    : params_(params),
      connect_(std::move(connect)),
      sweep_(sweeper, [this] { expire(); }),
      connects_(metrics.counter("vestibule_backend_connects_total", "Connections opened to the backend.")),
      connect_failures_(metrics.counter("vestibule_backend_connect_failures_total",
                                        "Connections to the backend that could not be opened.")),
      idle_gauge_(
          metrics.gauge("vestibule_backend_idle_connections", "Idle connections kept to the backend.")) {
    if (!connect_)
        connect_ = [this, &io] {
            return net::connect(io, to_endpoint(params_.backend), params_.connect_timeout);
        };
}

pool::~pool() = default;

task<result<lease>> pool::acquire(reuse r) {
    while (r != reuse::never && !idle_.empty()) {
        std::unique_ptr<net::byte_stream> stream = std::move(idle_.back().stream);
        idle_.pop_back();
        idle_gauge_.add(-1);
        // What came when nobody had asked is nobody's answer, and an end is an end.
        if (r == reuse::verified ? stream->has_pending_input() : stream->has_news()) continue;
        co_return lease{std::move(stream), true, generation_};
    }
    connects_.add();
    const unsigned generation = generation_;
    auto opened = co_await connect_();
    if (!opened) {
        connect_failures_.add();
        co_return opened.error();
    }
    co_return lease{std::move(*opened), false, generation};
}

void pool::give_back(lease l) {
    if (l.generation != generation_ || params_.idle_timeout <= milliseconds(0)) return;
    idle_.push_back({std::move(l.stream), mono_now() + params_.idle_timeout});
    idle_gauge_.add(1);
    if (!sweep_.armed()) arm();
}

void pool::reconfigure(const upstream_params& params) {
    const bool same = to_endpoint(params.backend) == to_endpoint(params_.backend);
    params_ = params;
    if (same) return;
    ++generation_;
    idle_gauge_.add(-std::int64_t(idle_.size()));
    idle_.clear();
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
    idle_gauge_.add(-std::int64_t(gone.size()));
    idle_.erase(gone.begin(), gone.end());
    arm();
}

}  // namespace vestibule::upstream

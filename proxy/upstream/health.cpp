#include <vestibule/upstream/health.hpp>

#include <vestibule/base/logger.hpp>

#include <algorithm>

namespace vestibule::upstream {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::chrono::nanoseconds::rep count_of(mono_time t) noexcept {
    return t.time_since_epoch().count();
}

// Linear from first_part to 100.
unsigned part_after(std::chrono::nanoseconds since) noexcept {
    if (since >= return_time) return 100;
    if (since.count() <= 0) return first_part;
    return first_part +
           unsigned((100 - first_part) * since.count() / std::chrono::nanoseconds(return_time).count());
}

}  // namespace

unsigned backend_health::part(mono_time now) const noexcept {
    if (fine()) return 100;
    if (down() || ejected(now)) return 0;
    const count back = std::max(out_until_.load(relaxed), back_since_.load(relaxed));
    return part_after(std::chrono::nanoseconds(count_of(now) - back));
}

bool backend_health::ejected(mono_time now) const noexcept {
    return out_until_.load(relaxed) > count_of(now);
}

void backend_health::settle(mono_time now) noexcept {
    count out = out_until_.load(relaxed), back = back_since_.load(relaxed);
    if (part(now) < 100) return;
    // Unless somebody has ejected it again by now.
    out_until_.compare_exchange_strong(out, 0, relaxed);
    back_since_.compare_exchange_strong(back, 0, relaxed);
}

bool backend_health::set_down(bool down, mono_time now) noexcept {
    if (down_.load(relaxed) == down) return false;
    if (!down) {
        back_since_.store(count_of(now), relaxed);
        failures_.store(0, relaxed);
    }
    down_.store(down, relaxed);
    return true;
}

milliseconds ejection_time(const health_params& p, unsigned n) noexcept {
    const auto most = std::max(p.ejection, p.max_ejection);
    if (n == 0 || p.ejection <= milliseconds(0)) return p.ejection;
    if (n >= most / p.ejection) return most;
    return p.ejection * n;
}

std::shared_ptr<backend_health> health_board::of(const std::string& url, metrics_registry& metrics) {
    const std::lock_guard lock(mutex_);
    auto& found = all_[url];
    if (found) return found;
    found = std::make_shared<backend_health>(url);
    const metric_labels labels{{"backend", url}};
    metrics.callback(
        metric_kind::gauge, "vestibule_backend_ejected",
        "Whether failures in a row keep requests from this backend (1) or not (0).",
        [h = found] { return std::int64_t(h->ejected(mono_now())); }, labels);
    metrics.callback(
        metric_kind::gauge, "vestibule_backend_up",
        "Whether the active check finds this backend well (1) or not (0); 1 where there is no check.",
        [h = found] { return std::int64_t(!h->down()); }, labels);
    return found;
}

bool health_board::note_failure(backend_health& failed, std::span<backend_health* const> all,
                                const health_params& p, mono_time now) {
    if (p.failures == 0 || all.size() < 2) return false;
    const unsigned failures = failed.failures_.fetch_add(1, relaxed) + 1;
    // Who has just come back has to prove itself.
    const bool returning = !failed.fine() && failed.part(now) < 100;
    if (failures < p.failures && !returning) return false;

    const std::lock_guard lock(mutex_);
    if (failed.ejected(now)) return false;
    const auto others = std::size_t(
        std::ranges::count_if(all, [&](const auto* h) { return h != &failed && h->ejected(now); }));
    if (!may_eject(all.size(), others)) return false;
    const auto memory = 2 * std::max<milliseconds>(return_time, failed.last_time_);
    const bool again = failed.ejections_ > 0 && now < failed.last_end_ + memory;
    failed.ejections_ = again ? failed.ejections_ + 1 : 1;
    const milliseconds time = ejection_time(p, failed.ejections_);
    failed.last_time_ = time;
    failed.last_end_ = now + time;
    failed.failures_.store(0, relaxed);
    failed.out_until_.store(count_of(now + time), relaxed);
    log::warn("backend ejected",
              {{"backend", failed.url()}, {"failures", failures}, {"for_ms", time.count()}});
    return true;
}

}  // namespace vestibule::upstream

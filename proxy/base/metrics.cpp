#include <vestibule/base/metrics.hpp>

#include <algorithm>
#include <array>

namespace vestibule {
namespace {

constexpr std::array<double, metric_histogram::bucket_count - 1> bucket_bounds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};

}  // namespace

std::span<const double> metric_histogram::bounds() noexcept {
    return bucket_bounds;
}

void metric_histogram::observe(std::uint64_t microseconds) noexcept {
    const double s = double(microseconds) / 1e6;
    std::size_t i = 0;
    while (i < bucket_bounds.size() && s > bucket_bounds[i]) ++i;
    buckets_[i].store(bucket(i) + 1, std::memory_order_relaxed);
    sum_us_.store(sum_us_.load(std::memory_order_relaxed) + microseconds, std::memory_order_relaxed);
}

metrics_registry::entry& metrics_registry::add(const std::string& name, const std::string& help,
                                               metric_kind kind, metric_labels labels) {
    const std::lock_guard lock(mutex_);
    auto it = std::ranges::find(families_, name, &family::name);
    if (it == families_.end()) {
        families_.push_back({name, help, kind, {}});
        it = std::prev(families_.end());
    }
    entry& e = it->entries.emplace_back();
    e.labels = std::move(labels);
    if (kind == metric_kind::histogram) e.histogram = std::make_unique<metric_histogram>();
    return e;
}

metric_cell& metrics_registry::counter(const std::string& name, const std::string& help,
                                       metric_labels labels) {
    return add(name, help, metric_kind::counter, std::move(labels)).cell;
}

metric_cell& metrics_registry::gauge(const std::string& name, const std::string& help, metric_labels labels) {
    return add(name, help, metric_kind::gauge, std::move(labels)).cell;
}

metric_histogram& metrics_registry::histogram(const std::string& name, const std::string& help,
                                              metric_labels labels) {
    return *add(name, help, metric_kind::histogram, std::move(labels)).histogram;
}

void metrics_registry::callback(metric_kind kind, const std::string& name, const std::string& help,
                                std::function<std::int64_t()> read, metric_labels labels) {
    entry& e = add(name, help, kind, std::move(labels));
    const std::lock_guard lock(mutex_);
    e.read = std::move(read);
}

std::vector<metric_family> metrics_registry::collect() const {
    const std::lock_guard lock(mutex_);
    std::vector<metric_family> out;
    for (const family& f : families_) {
        metric_family& shown = out.emplace_back(metric_family{f.name, f.help, f.kind});
        for (const entry& e : f.entries) {
            auto it = std::ranges::find(shown.samples, e.labels, &metric_sample::labels);
            if (it == shown.samples.end()) {
                shown.samples.push_back({.labels = e.labels});
                it = std::prev(shown.samples.end());
                if (e.histogram) it->buckets.resize(metric_histogram::bucket_count);
            }
            it->value += e.read ? e.read() : e.cell.get();
            if (!e.histogram) continue;
            for (std::size_t i = 0; i < metric_histogram::bucket_count; ++i)
                it->buckets[i] += e.histogram->bucket(i);
            it->sum_seconds += e.histogram->sum_seconds();
        }
    }
    return out;
}

}  // namespace vestibule

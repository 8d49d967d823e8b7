// Counters, gauges and histograms that the data path bumps, and the registry that the admin room
// reads. Each worker registers its own cell under the same name and labels; the registry adds them up
// when it is asked, so the hot path never shares a cache line.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace vestibule {

/// Label names and values, in the order they are shown.
using metric_labels = std::vector<std::pair<std::string, std::string>>;

/// A number that one thread changes and any thread reads.
class metric_cell {
  public:
    void add(std::int64_t n = 1) noexcept { value_.store(get() + n, std::memory_order_relaxed); }
    void set(std::int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    std::int64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::int64_t> value_{0};
};

/// Latencies in fixed buckets from 100 us to 60 s. One thread observes, any thread reads.
class metric_histogram {
  public:
    /// Upper bounds in seconds; an implicit +Inf bucket follows.
    static std::span<const double> bounds() noexcept;

    void observe(std::uint64_t microseconds) noexcept;

    std::uint64_t bucket(std::size_t i) const noexcept { return buckets_[i].load(std::memory_order_relaxed); }
    double sum_seconds() const noexcept { return double(sum_us_.load(std::memory_order_relaxed)) / 1e6; }

    static constexpr std::size_t bucket_count = 18;  // bounds().size() + 1

  private:
    std::atomic<std::uint64_t> buckets_[bucket_count] = {};
    std::atomic<std::uint64_t> sum_us_{0};
};

enum class metric_kind { counter, gauge, histogram };

/// One sample line (or histogram) after adding up all cells with the same labels.
struct metric_sample {
    metric_labels labels;
    std::int64_t value = 0;                // counter, gauge
    std::vector<std::uint64_t> buckets{};  // histogram, not cumulative
    double sum_seconds = 0;                // histogram
};

struct metric_family {
    std::string name, help;
    metric_kind kind;
    std::vector<metric_sample> samples{};
};

/// Owns all cells. Registering and collecting are thread-safe; a returned reference lives as long as
/// the registry.
class metrics_registry {
  public:
    metric_cell& counter(const std::string& name, const std::string& help, metric_labels labels = {});
    metric_cell& gauge(const std::string& name, const std::string& help, metric_labels labels = {});
    metric_histogram& histogram(const std::string& name, const std::string& help, metric_labels labels = {});

    /// A counter or gauge that is asked for when metrics are collected. `read` may be called on any thread.
    void callback(metric_kind kind, const std::string& name, const std::string& help,
                  std::function<std::int64_t()> read, metric_labels labels = {});

    std::vector<metric_family> collect() const;

  private:
    struct entry {
        metric_labels labels;
        metric_cell cell;
        std::unique_ptr<metric_histogram> histogram;
        std::function<std::int64_t()> read;
    };
    struct family {
        std::string name, help;
        metric_kind kind;
        std::deque<entry> entries;
    };
    entry& add(const std::string& name, const std::string& help, metric_kind kind, metric_labels labels);

    mutable std::mutex mutex_;
    std::deque<family> families_;
};

}  // namespace vestibule

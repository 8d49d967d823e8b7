// What is known of each backend's health, by all workers of the process: what one of them learns counts for
// all at once. Two things take a backend out: failures in a row (ejection, for a time that grows with each
// repetition) and the active check (until it says otherwise). Who comes back gets a small part of its share
// first, and all of it after a while.
//
//     out by failures: ejected --time is over--> returning --all went well--> in
//     out by check:    down    --check is good-> returning
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/metrics.hpp>
#include <vestibule/upstream/upstream_params.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace vestibule::upstream {

/// One backend. Everything may be read on any thread.
class backend_health {
  public:
    explicit backend_health(std::string url) : url_(std::move(url)) {}

    const std::string& url() const noexcept { return url_; }

    /// Nearly always: in, and nothing to look at.
    bool fine() const noexcept {
        return out_until_.load(std::memory_order_relaxed) == 0 && !down_.load(std::memory_order_relaxed) &&
               back_since_.load(std::memory_order_relaxed) == 0;
    }

    /// What part of its share it gets, in percent: 0 out, 100 in, between while it comes back.
    unsigned part(mono_time now) const noexcept;

    bool ejected(mono_time now) const noexcept;
    bool down() const noexcept { return down_.load(std::memory_order_relaxed); }

    /// It has answered.
    void note_success() noexcept {
        if (failures_.load(std::memory_order_relaxed) != 0) failures_.store(0, std::memory_order_relaxed);
    }

    /// Makes it fine where it is in again, so that nobody has to look any more.
    void settle(mono_time now) noexcept;

    /// What the active check says. True: it has changed.
    bool set_down(bool down, mono_time now) noexcept;

  private:
    friend class health_board;
    using count = std::chrono::nanoseconds::rep;

    const std::string url_;
    std::atomic<unsigned> failures_{0};  // in a row
    std::atomic<count> out_until_{0};    // 0: was never ejected, or that is long ago
    std::atomic<count> back_since_{0};   // from the check's down; 0 likewise
    std::atomic<bool> down_{false};
    // With the board's lock:
    unsigned ejections_ = 0;  // in short order
    mono_time last_end_{};    // of the last one
    milliseconds last_time_{0};
};

/// How long a backend that came back has only a part of its share, and how small that is at first (percent).
constexpr auto return_time = seconds(10);
constexpr unsigned first_part = 10;

/// How long the n-th ejection in short order lasts (n from 1).
milliseconds ejection_time(const health_params& p, unsigned n) noexcept;

/// Whether one more of so many backends may be ejected: never more than half of them.
constexpr bool may_eject(std::size_t backends, std::size_t ejected) noexcept {
    return (ejected + 1) * 2 <= backends;
}

/// All backends of the process, by URL. Thread-safe.
class health_board {
  public:
    /// That of this backend, new where there is none. It stays for ever: reloads and backends that come back
    /// find what was known. Gauges of it are registered with it.
    std::shared_ptr<backend_health> of(const std::string& url, metrics_registry& metrics);

    /// It has failed to answer. `all`: it and the others that may be chosen. True: it is ejected now.
    bool note_failure(backend_health& failed, std::span<backend_health* const> all, const health_params& p,
                      mono_time now);

  private:
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<backend_health>> all_;
};

}  // namespace vestibule::upstream

// The thread that makes log lines of records and writes them to standard output. Private to the base room.
#pragma once

#include "base/log_record.hpp"
#include "base/log_ring.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vestibule::log {

/// Each thread leaves its records in a ring of its own, without a lock and without a system call while the
/// writer is awake; every 50 ms, or as soon as a ring is half full, the writer takes what is there, oldest
/// first. Thread-safe.
class log_writer {
  public:
    static log_writer& instance();
    ~log_writer();

    void start();
    /// Writes what waits, if it is taken.
    void stop();
    void push(const line& l);
    void set_style(format f) noexcept { style_.store(f, std::memory_order_relaxed); }
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  private:
    log_ring& ring_of_this_thread();
    void drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }
    void run();
    void wake();
    void wait_for(std::unique_lock<std::mutex>& lock, std::size_t bytes, milliseconds limit);
    bool sleep();
    void take();
    void append(const line& l);
    void write(int patience);

    std::mutex mutex_;
    std::condition_variable awake_;
    std::vector<std::shared_ptr<log_ring>> rings_;
    bool stopping_ = false;
    std::atomic<bool> running_{false};
    std::atomic<std::size_t> wake_at_{0};  // bytes in a ring at which the writer wants to be woken
    std::atomic<format> style_{format::json};
    std::atomic<std::uint64_t> dropped_{0};
    std::string text_;           // the writer's: lines not yet written
    std::vector<field> fields_;  // the writer's
    std::thread thread_;
};

}  // namespace vestibule::log

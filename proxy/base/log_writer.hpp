// The thread that writes log lines to standard output. Private to the base room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace vestibule::log {

/// Lines are collected in one buffer and written every 50 ms, or as soon as 64 KiB wait: a busy worker
/// pays for a copy, not for a system call. Thread-safe.
class log_writer {
  public:
    static log_writer& instance();
    ~log_writer();

    void start();
    /// Writes what waits, if it is taken.
    void stop();
    void push(std::string_view line);
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  private:
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::string waiting_;
    bool running_ = false, stopping_ = false;
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<int> patience_{-1};
    std::thread thread_;
};

}  // namespace vestibule::log

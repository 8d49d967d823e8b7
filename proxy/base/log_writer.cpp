#include "base/log_writer.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace vestibule::log {
namespace {

constexpr std::size_t flush_at = 64 * 1024;
constexpr std::size_t max_waiting = 4 * 1024 * 1024;
constexpr auto flush_interval = std::chrono::milliseconds(50);

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;  // nobody reads our log; there is nobody to tell
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace

log_writer& log_writer::instance() {
    static log_writer writer;
    return writer;
}

log_writer::~log_writer() {
    stop();
}

void log_writer::start() {
    const std::lock_guard lock(mutex_);
    if (running_) return;
    running_ = true;
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void log_writer::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (!running_) return;
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    const std::lock_guard lock(mutex_);
    running_ = false;
}

void log_writer::push(std::string_view line) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (!running_) {
            write_all(STDERR_FILENO, line);
            return;
        }
        if (waiting_.size() + line.size() > max_waiting) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        const std::size_t before = waiting_.size();
        waiting_ += line;
        wake = before == 0 || (before < flush_at && waiting_.size() >= flush_at);
    }
    if (wake) wake_.notify_one();
}

void log_writer::run() {
    std::string batch;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        wake_.wait_for(lock, flush_interval, [this] { return stopping_ || waiting_.size() >= flush_at; });
        batch.clear();
        batch.swap(waiting_);
        const bool last = stopping_;
        lock.unlock();
        write_all(STDOUT_FILENO, batch);
        if (batch.capacity() > 4 * flush_at) batch = {};
        lock.lock();
        if (last && waiting_.empty()) return;
    }
}

}  // namespace vestibule::log

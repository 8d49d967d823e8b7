#include "base/log_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace vestibule::log {
namespace {

constexpr std::size_t flush_at = 64 * 1024;
constexpr std::size_t max_waiting = 4 * 1024 * 1024;
constexpr int patience_at_end = 1000;  // ms: a reader who has stopped reading does not stop the end
constexpr auto flush_interval = std::chrono::milliseconds(50);

// `patience`: how long nobody may take anything, in ms; -1: for ever.
void write_all(int fd, std::string_view text, const std::atomic<int>& patience) {
    constexpr int look_again = 50;
    for (int waited = 0; !text.empty();) {
        pollfd ready{fd, POLLOUT, 0};
        const int limit = patience.load(std::memory_order_relaxed);
        if (limit >= 0 && waited >= limit) return;
        const int events = ::poll(&ready, 1, look_again);
        if (events == 0) waited += look_again;
        if (events <= 0) continue;
        waited = 0;
        // A pipe that polls writable takes this much without blocking.
        const ssize_t n = ::write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
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
    patience_ = -1;
    thread_ = std::thread([this] { run(); });
}

void log_writer::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (!running_) return;
        stopping_ = true;
        patience_ = patience_at_end;
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
            write_all(STDERR_FILENO, line, patience_);
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
        write_all(STDOUT_FILENO, batch, patience_);
        if (batch.capacity() > 4 * flush_at) batch = {};
        lock.lock();
        if (last && waiting_.empty()) return;
    }
}

}  // namespace vestibule::log

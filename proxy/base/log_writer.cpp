#include "base/log_writer.hpp"

#include "base/log_line.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace vestibule::log {
namespace {

constexpr std::size_t ring_size = 1024 * 1024;
constexpr std::size_t max_waiting = 4 * 1024 * 1024;
constexpr int patience_at_end = 1000;  // ms: a reader who has stopped reading does not stop the end
constexpr milliseconds flush_interval{50};
constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

// What one write may take of a descriptor that polls writable, without blocking.
std::size_t piece_size(int fd) {
    struct stat about {};
    return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? max_waiting : PIPE_BUF;
}

// Writes from the front of `text` until nothing is taken for `patience` ms.
void write_some(int fd, std::string& text, int patience) {
    std::string_view rest = text;
    const std::size_t piece = piece_size(fd);
    while (!rest.empty()) {
        pollfd ready{fd, POLLOUT, 0};
        const int events = ::poll(&ready, 1, patience);
        if (events < 0 && errno == EINTR) continue;
        if (events <= 0) break;
        const ssize_t n = ::write(fd, rest.data(), std::min(rest.size(), piece));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {  // nobody reads our log; there is nobody to tell
            rest = {};
            break;
        }
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    text.erase(0, text.size() - rest.size());
}

void append_line(std::string& out, format style, const line& l) {
    style == format::json ? append_json_line(out, l) : append_text_line(out, l);
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
    if (running_) return;
    stopping_ = false;
    running_ = true;
    thread_ = std::thread([this] { run(); });
}

void log_writer::stop() {
    if (!running_) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    awake_.notify_one();
    thread_.join();
    running_ = false;
    take();  // said while the thread ended
    write(patience_at_end);
}

log_ring& log_writer::ring_of_this_thread() {
    struct owner {
        std::shared_ptr<log_ring> ring;
        ~owner() {
            if (ring) ring->close();
        }
    };
    thread_local owner mine;
    if (!mine.ring) {
        mine.ring = std::make_shared<log_ring>(ring_size);
        const std::lock_guard lock(mutex_);
        rings_.push_back(mine.ring);
    }
    return *mine.ring;
}

void log_writer::push(const line& l) {
    if (!running_.load(std::memory_order_acquire)) {
        std::string text;
        append_line(text, style_, l);
        return write_some(STDERR_FILENO, text, -1);
    }
    log_ring& ring = ring_of_this_thread();
    std::byte* const room = ring.reserve(encoded_size(l));
    if (room == nullptr) return drop();
    encode(l, room);
    ring.commit();
    if (ring.waiting() >= wake_at_) wake();
}

void log_writer::wake() {
    wake_at_ = never;  // one call is enough
    // Behind the lock: the writer has not looked yet, or waits.
    { const std::lock_guard lock(mutex_); }
    awake_.notify_one();
}

// Until a ring holds that much, for at most the limit. Who commits after wake_at_ is set wakes us, or what it
// committed is seen here: both are sequentially consistent.
void log_writer::wait_for(std::unique_lock<std::mutex>& lock, std::size_t bytes, milliseconds limit) {
    wake_at_ = bytes;
    const auto enough = [=, this] {
        return stopping_ || std::any_of(rings_.begin(), rings_.end(),
                                        [=](const auto& r) { return r->waiting() >= bytes; });
    };
    awake_.wait_for(lock, limit, enough);
    wake_at_ = never;
}

// Until there is something to write and more may have come; false when the end has come.
bool log_writer::sleep() {
    std::unique_lock lock(mutex_);
    if (text_.empty()) wait_for(lock, 1, std::chrono::hours(1));
    wait_for(lock, ring_size / 2, flush_interval);
    return !stopping_;
}

void log_writer::append(const line& l) {
    if (text_.size() >= max_waiting) return drop();
    append_line(text_, style_.load(std::memory_order_relaxed), l);
}

// All there is, the oldest of all rings first.
void log_writer::take() {
    std::vector<std::shared_ptr<log_ring>> rings;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(rings_, [](const auto& r) { return r->closed() && r->waiting() == 0; });
        rings = rings_;
    }
    for (;;) {
        log_ring* oldest = nullptr;
        std::span<const std::byte> record;
        for (const auto& r : rings) {
            const auto front = r->front();
            if (front.empty() || (oldest != nullptr && time_of(record) <= time_of(front))) continue;
            oldest = r.get();
            record = front;
        }
        if (oldest == nullptr) return;
        append(decode(record, fields_));
        oldest->pop();
    }
}

void log_writer::write(int patience) {
    write_some(STDOUT_FILENO, text_, patience);
    if (text_.empty() && text_.capacity() > ring_size) text_ = {};
}

void log_writer::run() {
    for (bool more = true; more;) {
        more = sleep();
        take();
        write(more ? int(flush_interval.count()) : patience_at_end);
    }
}

}  // namespace vestibule::log

// A connection to a backend for one exchange, and how that is looked for.
#pragma once

#include <vestibule/net/stream.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <utility>

namespace vestibule::upstream {

class pool;

/// While it is held, the exchange counts as under way at its backend. Not thread-safe; does not outlive the
/// balancer it comes from.
class lease {
  public:
    lease() = default;
    lease(pool& home, std::unique_ptr<net::byte_stream> stream, bool reused) noexcept;
    lease(lease&& o) noexcept
        : stream_(std::move(o.stream_)), home_(std::exchange(o.home_, nullptr)), reused_(o.reused_) {}
    lease& operator=(lease&& o) noexcept {
        if (this == &o) return *this;
        reset();
        stream_ = std::move(o.stream_);
        home_ = std::exchange(o.home_, nullptr);
        reused_ = o.reused_;
        return *this;
    }
    ~lease() { reset(); }

    explicit operator bool() const noexcept { return home_ != nullptr; }
    net::byte_stream& operator*() const noexcept { return *stream_; }
    net::byte_stream* operator->() const noexcept { return stream_.get(); }

    /// It has served before, and may turn out to be stale.
    bool reused() const noexcept { return reused_; }

    /// Ends it: the connection is idle and clean, and may serve others.
    void keep() { end(true); }
    /// Ends it: the connection is closed.
    void reset() { end(false); }

  private:
    friend class balancer;
    friend class pool;
    void end(bool clean) {
        if (home_ != nullptr) end_at_home(clean);
    }
    void end_at_home(bool clean);

    std::unique_ptr<net::byte_stream> stream_;
    pool* home_ = nullptr;
    bool reused_ = false;
};

enum class reuse {
    allowed,   // an idle connection of which nothing was heard: the request can be repeated
    verified,  // an idle connection is looked at first (one system call): the request cannot be repeated
    never,     // a fresh one: the retry after a stale one
};

class waiting_line;

/// One request's way to a connection, over all its attempts. Has to stay while it is waited for.
class search {
  public:
    search() = default;
    search(const search&) = delete;
    search& operator=(const search&) = delete;

    reuse how = reuse::allowed;
    bool stay = false;  // with the backend that may have begun with the request

    /// Nobody is interested any more: a wait in the line ends with client_closed.
    void give_up();

  private:
    friend class balancer;
    friend class waiting_line;

    pool* chosen_ = nullptr;
    bool has_room_ = false;    // for a connection to it
    std::uint64_t tried_ = 0;  // a bit for each position

    // In the line:
    waiting_line* line_ = nullptr;
    search* next_ = nullptr;
    search* previous_ = nullptr;
    std::chrono::steady_clock::time_point since_{};
    std::coroutine_handle<> waiter_;
    error_code refused_;
    lease granted_;
};

}  // namespace vestibule::upstream

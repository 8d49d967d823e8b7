// Deadlines without a timer each: whoever has one hangs in a list that its worker sweeps every 100 ms.
// Setting and clearing is a store; a deadline fires up to 100 ms late, never early.
//
//     net::deadline limit(sweeper, [this] { stream_->close(); });
//     limit.set(timeouts.head);   // fires once
//     limit.clear();
#pragma once

#include <vestibule/base/clock.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace vestibule::net {

class deadline;

/// One per worker; not thread-safe. The timer runs only while there are deadlines.
class deadline_sweeper {
  public:
    explicit deadline_sweeper(boost::asio::io_context& io);
    ~deadline_sweeper();
    deadline_sweeper(const deadline_sweeper&) = delete;
    deadline_sweeper& operator=(const deadline_sweeper&) = delete;

  private:
    friend class deadline;
    struct impl;
    void add(deadline& d) noexcept;
    void remove(deadline& d) noexcept;
    std::shared_ptr<impl> impl_;
};

/// Fires at most once per set(), on the worker's thread. Destroying it clears it; `on_expiry` may destroy
/// other deadlines, but not its own.
class deadline {
  public:
    deadline(deadline_sweeper& sweeper, std::function<void()> on_expiry);
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// From now; zero or less: no limit.
    void set(milliseconds after) noexcept {
        at_ = after > milliseconds(0) ? mono_now() + after : mono_time::max();
        if (link_ == nullptr) sweeper_.add(*this);  // from the first time on until the end
    }
    void clear() noexcept { at_ = mono_time::max(); }
    bool armed() const noexcept { return at_ != mono_time::max(); }

  private:
    friend class deadline_sweeper;
    deadline_sweeper& sweeper_;
    deadline* next_ = nullptr;
    deadline** link_ = nullptr;  // the pointer that points to this one
    mono_time at_ = mono_time::max();
    std::function<void()> on_expiry_;
};

}  // namespace vestibule::net

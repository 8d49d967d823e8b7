#include <vestibule/net/deadline.hpp>

#include <vestibule/net/event_loop.hpp>

namespace vestibule::net {
namespace {
constexpr auto sweep_interval = milliseconds(100);
}

// Held by its pending tick as well: a tick may be queued already when its sweeper goes.
struct deadline_sweeper::impl : std::enable_shared_from_this<impl> {
    explicit impl(boost::asio::io_context& io) : ticks(io) {}

    void schedule() {
        running = true;
        ticks.expires_after(sweep_interval);
        ticks.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
            if (!ec) self->sweep();
        });
    }

    void sweep() {
        const mono_time now = mono_now();
        // An expiry may destroy any other deadline: `cursor` is kept right by remove().
        for (cursor = first; cursor != nullptr;) {
            deadline* d = cursor;
            cursor = d->next_;
            if (d->at_ > now) continue;
            d->at_ = mono_time::max();
            d->on_expiry_();
        }
        running = false;
        if (first != nullptr) schedule();
    }

    timer ticks;
    deadline* first = nullptr;
    deadline* cursor = nullptr;
    bool running = false;
};

deadline_sweeper::deadline_sweeper(boost::asio::io_context& io) : impl_(std::make_shared<impl>(io)) {}
// No deadline outlives its sweeper, so a tick that still comes finds none.
deadline_sweeper::~deadline_sweeper() {
    impl_->ticks.cancel();
}

void deadline_sweeper::add(deadline& d) noexcept {
    d.next_ = impl_->first;
    d.link_ = &impl_->first;
    if (d.next_ != nullptr) d.next_->link_ = &d.next_;
    impl_->first = &d;
    if (!impl_->running) impl_->schedule();
}

void deadline_sweeper::remove(deadline& d) noexcept {
    if (impl_->cursor == &d) impl_->cursor = d.next_;
    *d.link_ = d.next_;
    if (d.next_ != nullptr) d.next_->link_ = d.link_;
    if (impl_->first == nullptr && impl_->running) impl_->ticks.cancel(), impl_->running = false;
}

deadline::deadline(deadline_sweeper& sweeper, std::function<void()> on_expiry)
    : sweeper_(sweeper), on_expiry_(std::move(on_expiry)) {}

deadline::~deadline() {
    if (link_ != nullptr) sweeper_.remove(*this);
}

}  // namespace vestibule::net

#include <vestibule/net/deadline.hpp>

#include <vestibule/net/event_loop.hpp>

namespace vestibule::net {
namespace {
constexpr auto sweep_interval = milliseconds(100);
}

struct deadline_sweeper::impl {
    explicit impl(boost::asio::io_context& io) : ticks(io) {}

    void schedule() {
        running = true;
        ticks.expires_after(sweep_interval);
        ticks.async_wait([this](const boost::system::error_code& ec) {
            if (!ec) sweep();
        });
    }

    void sweep() {
        const mono_time now = mono_now();
        // An expiry may destroy any deadline, its own included: `cursor` is kept right by remove().
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

deadline_sweeper::deadline_sweeper(boost::asio::io_context& io) : impl_(std::make_unique<impl>(io)) {}
deadline_sweeper::~deadline_sweeper() = default;

void deadline_sweeper::add(deadline& d) {
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
    : sweeper_(sweeper), on_expiry_(std::move(on_expiry)) {
    sweeper_.add(*this);
}

deadline::~deadline() {
    sweeper_.remove(*this);
}

}  // namespace vestibule::net

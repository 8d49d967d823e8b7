#include "upstream/waiting_line.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace vestibule::upstream {
namespace {

metric_cell& refusals(metrics_registry& m, const char* reason) {
    return m.counter("vestibule_backend_refused_total",
                     "Requests that got no connection to a backend: too many waited already (full), for "
                     "longer than timeouts.pending (late), or for too long in overload (shed).",
                     {{"reason", reason}});
}

}  // namespace

waiting_line::waiting_line(boost::asio::io_context& io, net::deadline_sweeper& sweeper,
                           metrics_registry& metrics)
    : io_(io),
      limit_(sweeper, [this] { expire(); }),
      waiting_(metrics.gauge("vestibule_backend_pending", "Requests that wait for a connection.")),
      full_(refusals(metrics, "full")),
      late_(refusals(metrics, "late")),
      shed_(refusals(metrics, "shed")) {}

void waiting_line::configure(const load_params& p, std::size_t share) {
    wait_ = p.wait;
    share_ = share;
    overload_ = codel(p.delay);
    arm();
}

bool waiting_line::enter(search& s) {
    s.refused_ = {};
    if (size_ >= share_) {
        full_.add();
        s.refused_ = errc::pending_full;
        return false;
    }
    s.line_ = this;
    s.since_ = std::chrono::steady_clock::now();
    s.previous_ = last_;
    s.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &s;
    last_ = &s;
    ++size_;
    waiting_.add(1);
    if (!limit_.armed()) arm();
    return true;
}

void waiting_line::leave(search& s, error_code refused) {
    (s.previous_ != nullptr ? s.previous_->next_ : first_) = s.next_;
    (s.next_ != nullptr ? s.next_->previous_ : last_) = s.previous_;
    s.line_ = nullptr;
    --size_;
    waiting_.add(-1);
    if (empty()) overload_.line_is_empty();
    s.refused_ = refused;
    boost::asio::post(io_, [waiter = s.waiter_] { waiter.resume(); });
}

void waiting_line::refuse(search& s, errc why) {
    if (why == errc::pending_timeout) late_.add();
    if (why == errc::pending_shed) shed_.add();
    leave(s, why);
}

search* waiting_line::next_to_serve() {
    const auto now = std::chrono::steady_clock::now();
    while (first_ != nullptr) {
        const auto waited = now - first_->since_;
        if (wait_ > milliseconds(0) && waited >= wait_)
            refuse(*first_, errc::pending_timeout);
        else if (overload_.refuses(now, waited))
            refuse(*first_, errc::pending_shed);
        else
            break;
    }
    return first_;
}

void waiting_line::expire() {
    const auto now = std::chrono::steady_clock::now();
    while (first_ != nullptr && now - first_->since_ >= wait_) refuse(*first_, errc::pending_timeout);
    arm();
}

// The first is the first whose time is over.
void waiting_line::arm() {
    limit_.clear();
    if (empty() || wait_ <= milliseconds(0)) return;
    const auto left = first_->since_ + wait_ - std::chrono::steady_clock::now();
    limit_.set(std::max(std::chrono::ceil<milliseconds>(left), milliseconds(1)));
}

void search::give_up() {
    if (line_ != nullptr) line_->refuse(*this, errc::client_closed);
}

}  // namespace vestibule::upstream

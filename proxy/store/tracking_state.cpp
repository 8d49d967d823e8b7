#include "store/tracking_state.hpp"

namespace vestibule::store {

void tracking_state::connected(resp_version v) noexcept {
    lose();
    version_ = v;
    refused_ = false;
}

void tracking_state::disconnected() noexcept {
    lose();
    version_.reset();
}

void tracking_state::channel_ready(std::int64_t id) noexcept {
    lose();
    channel_id_ = id;
    refused_ = false;
}

void tracking_state::channel_lost() noexcept {
    lose();
    channel_id_.reset();
}

void tracking_state::lose() noexcept {
    ++era_;
    arming_ = false;
    cache_.lost();
}

std::optional<tracking_state::question> tracking_state::arm(mono_time now) noexcept {
    const bool possible = version_ == resp_version::three || (version_ && channel_id_);
    if (!possible || arming_ || refused_ || cache_.open()) return std::nullopt;
    arming_ = true;
    question q{era_, now};
    if (needs_channel()) q.redirect = channel_id_;
    return q;
}

void tracking_state::armed(const question& q) noexcept {
    if (!is_current(q)) return;
    arming_ = false;
    cache_.armed(q.asked);
}

void tracking_state::not_armed(const question& q) noexcept {
    if (is_current(q)) arming_ = false;
}

std::optional<tracking_state::question> tracking_state::beat(mono_time now) const noexcept {
    if (!cache_.open()) return std::nullopt;
    return question{era_, now};
}

// What the server says comes in order on each connection, and it keeps track for the one that asks as long
// as that one answers: all that was changed before the beat has been told when it is back over both.
bool tracking_state::beaten(const question& q) noexcept {
    if (!is_current(q)) return false;
    if (needs_channel()) return true;
    cache_.confirmed(q.asked);
    return false;
}

void tracking_state::channel_beaten(const question& q) noexcept {
    if (is_current(q)) cache_.confirmed(q.asked);
}

}  // namespace vestibule::store

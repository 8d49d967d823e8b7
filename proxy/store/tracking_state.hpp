// When a near cache may be trusted: what happens on the connections in, what to ask of the server out. Pure;
// tracking.cpp does what it says. The model behind it stands in proxy/store/README.md.
//
//     [down] --connected--> [arming] --accepted--> [armed: cache open] --disconnected, channel_lost--> [down]
//                               '--refused--> [refused: cache closed, until something is connected anew]
#pragma once

#include <vestibule/base/clock.hpp>

#include "store/near_cache.hpp"
#include "store/redis_greeting.hpp"

#include <cstdint>
#include <optional>

namespace vestibule::store {

class tracking_state {
  public:
    /// A question to the server, which counts only while nothing has been lost since it was asked.
    struct question {
        unsigned era;
        mono_time asked;
        std::optional<std::int64_t> redirect{};  // CLIENT TRACKING ON [REDIRECT id]
    };

    explicit tracking_state(near_cache& cache) noexcept : cache_(cache) {}

    void connected(resp_version v) noexcept;
    void disconnected() noexcept;
    void channel_ready(std::int64_t id) noexcept;
    void channel_lost() noexcept;
    void refused() noexcept { refused_ = true; }

    /// The question that switches tracking on, where it is time for it; then it is under way.
    std::optional<question> arm(mono_time now) noexcept;
    void armed(const question& q) noexcept;
    void not_armed(const question& q) noexcept;  // no answer: may be asked again

    /// A heartbeat, where one is of use: PING on the connection that asks.
    std::optional<question> beat(mono_time now) const noexcept;
    /// It is back. True: the channel has to confirm it, too, by a PING that leaves now.
    bool beaten(const question& q) noexcept;
    void channel_beaten(const question& q) noexcept;

    bool is_current(const question& q) const noexcept { return q.era == era_; }
    bool needs_channel() const noexcept { return version_ == resp_version::two; }

  private:
    void lose() noexcept;

    near_cache& cache_;
    std::optional<resp_version> version_;     // while connected
    std::optional<std::int64_t> channel_id_;  // while it is subscribed
    unsigned era_ = 0;                        // counts what was lost
    bool arming_ = false;
    bool refused_ = false;
};

}  // namespace vestibule::store

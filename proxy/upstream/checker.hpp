// The active check of one backend: a GET now and then, on a connection of its own. The first one decides
// alone, later ones in a row.
#pragma once

#include <vestibule/upstream/balancer.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

namespace vestibule::upstream {

/// What a row of checks says. Pure.
class check_judge {
  public:
    explicit check_judge(const check_params& p) : healthy_(p.healthy), unhealthy_(p.unhealthy) {}

    /// A check is through. Whether the backend counts as down from now on.
    bool note(bool good) noexcept;

  private:
    unsigned healthy_, unhealthy_;
    unsigned row_ = 0;  // of the last result
    bool last_ = true, down_ = false, first_ = true;
};

/// Runs until it is destroyed; what is under way then ends by itself, within the check's timeout.
class checker {
  public:
    /// `delay`: before the first check, so that they are spread over time.
    checker(boost::asio::io_context& io, const endpoint_params& where, std::shared_ptr<backend_health> health,
            const check_params& p, const connector& connect, milliseconds delay);
    checker(checker&&) = default;
    checker& operator=(checker&&) = default;
    ~checker();

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace vestibule::upstream

// Makes connections to the primary that the sentinels name, each time asked anew. It has to call itself a
// primary, too (ROLE): for a moment after a failover they may disagree.
#pragma once

#include "store/redis_dialer.hpp"
#include "store/sentinels.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace vestibule::store {

class sentinel_dialer final : public dialer {
  public:
    sentinel_dialer(boost::asio::io_context& io, const store_params& p);

    task<result<dialled>> open() override;
    void cancel() override;
    const std::string& problem() const noexcept override { return problem_; }
    bool finds() const noexcept override { return true; }

  private:
    task<std::optional<net::endpoint>> find_primary();
    task<std::optional<net::endpoint>> ask(net::byte_stream& sentinel);

    boost::asio::io_context& io_;
    const store_params params_;
    std::size_t first_ = 0;             // of the sentinels; the last one that answered
    std::optional<redis_dialer> dial_;  // of the step under way
    std::optional<time_limit> limit_;
    bool cancelled_ = false;
    std::string problem_;
};

}  // namespace vestibule::store

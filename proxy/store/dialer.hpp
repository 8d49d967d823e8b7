// Makes connections to a Redis that is ready to serve: redis_dialer to one at a known address,
// sentinel_dialer to the one that the sentinels say is the primary.
//
//     auto dialled = co_await dialer.open();
//     if (!dialled) ... dialer.problem() says why, for the log ...
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/task.hpp>
#include <vestibule/net/connect.hpp>

#include "store/redis_greeting.hpp"

#include <memory>
#include <string>

namespace vestibule::store {

/// host:port, [v6]:port or the path, for logs.
std::string name_of(const net::endpoint& e);

class dialer {
  public:
    static constexpr milliseconds connect_timeout{1000};  // to one server, greeting included

    struct dialled {
        std::unique_ptr<net::byte_stream> stream;
        resp_version version;
        net::endpoint at;
    };

    virtual ~dialer() = default;

    /// One at a time; the dialer must live until it is done. Errors: store_unavailable, store_refused,
    /// store_protocol.
    virtual task<result<dialled>> open() = 0;

    /// Ends what is under way, and all that comes after it, with store_unavailable.
    virtual void cancel() = 0;

    virtual const std::string& problem() const noexcept = 0;

    /// Whether the next open() may lead elsewhere.
    virtual bool finds() const noexcept { return false; }
};

}  // namespace vestibule::store

// Makes connections to one Redis: transport, TLS, greeting, all within one deadline.
//
//     auto dialled = co_await dialer.open();
//     if (!dialled) ... dialer.problem() says why, for the log ...
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/net/event_loop.hpp>
#include <vestibule/net/stream.hpp>
#include <vestibule/store/store_params.hpp>

#include "store/redis_greeting.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <optional>
#include <string>

namespace vestibule::store {

class redis_dialer {
  public:
    static constexpr milliseconds connect_timeout{1000};  // greeting included

    struct dialled {
        std::unique_ptr<net::byte_stream> stream;
        resp_version version;
    };

    /// `wanted`: see greet().
    redis_dialer(boost::asio::io_context& io, const store_url& url, resp_version wanted);

    /// One at a time; the dialer must live until it is done. Errors: store_unavailable, store_refused,
    /// store_protocol.
    task<result<dialled>> open();

    /// Ends what is under way, and all that comes after it, with store_unavailable.
    void cancel();

    const std::string& problem() const noexcept { return problem_; }

  private:
    task<result<dialled>> greet_in_time(std::unique_ptr<net::byte_stream> stream, mono_time until);
    error_code failed(errc why, std::string problem);

    boost::asio::io_context& io_;
    const store_url url_;
    const resp_version wanted_;
    std::optional<boost::asio::ssl::context> tls_;
    net::timer limit_;
    std::shared_ptr<net::byte_stream*> greeting_ = std::make_shared<net::byte_stream*>();  // null: not now
    bool cancelled_ = false;
    std::string problem_;
};

}  // namespace vestibule::store

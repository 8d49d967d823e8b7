// Makes connections to one Redis at a known address: transport, TLS, greeting, all within one deadline.
#pragma once

#include <vestibule/net/tls_client_context.hpp>
#include <vestibule/store/store_params.hpp>

#include "store/dialer.hpp"
#include "store/time_limit.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>

namespace vestibule::store {

class redis_dialer final : public dialer {
  public:
    /// `p` says how to connect, `to` where, `g` what is said first, `limit` how long all that may take.
    redis_dialer(boost::asio::io_context& io, const store_params& p, net::endpoint to, greeting g,
                 milliseconds limit = connect_timeout);

    task<result<dialled>> open() override;
    void cancel() override;
    const std::string& problem() const noexcept override { return problem_; }

  private:
    task<result<dialled>> greet_in_time(std::unique_ptr<net::byte_stream> stream, mono_time until);
    error_code failed(errc why, std::string problem);

    boost::asio::io_context& io_;
    const net::endpoint to_;
    const greeting greeting_;
    const milliseconds most_;
    const std::shared_ptr<net::tls_client_context> tls_;  // null: none
    std::optional<time_limit> limit_;                     // while greeting
    bool cancelled_ = false;
    std::string problem_;
};

/// What is said first to the servers that have the sessions.
greeting greeting_of(const store_params& p);

}  // namespace vestibule::store

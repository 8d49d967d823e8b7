// The rest of a request body on its way to the backend, while the response may already come back.
#pragma once

#include "server/body.hpp"

#include <vestibule/http/field_names.hpp>
#include <vestibule/net/event_loop.hpp>

#include <functional>
#include <optional>

namespace vestibule::server {

/// Runs beside the response. The owner must wait for the end (join) before anything that the pump uses
/// goes away.
class request_pump {
  public:
    /// `on_end` is called once, when the body is through or has failed.
    request_pump(body_reader& from, body_writer to, std::optional<std::uint64_t> limit,
                 const http::name_set& stripped, std::function<void()> on_end);

    void start();
    task<void> join();

    bool ended() const noexcept { return ended_; }
    /// Of the client's side: its end, slowness, bad chunks, body_too_large.
    error_code client_error() const noexcept { return client_error_; }
    /// Of the backend's side: it does not take more. It may have answered all the same.
    error_code backend_error() const noexcept { return backend_error_; }

  private:
    task<void> run();
    task<void> relay();

    body_reader& from_;
    body_writer to_;
    std::optional<std::uint64_t> limit_;
    const http::name_set& stripped_;
    std::function<void()> on_end_;
    error_code client_error_, backend_error_;
    net::signal end_;
    bool started_ = false, ended_ = false;
};

}  // namespace vestibule::server

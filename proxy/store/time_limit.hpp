// Closes a stream when its time is over, so that whatever is read from it or written to it ends.
//
//     const time_limit limit(io, stream, until);
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/net/event_loop.hpp>
#include <vestibule/net/stream.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

namespace vestibule::store {

class time_limit {
  public:
    time_limit(boost::asio::io_context& io, net::byte_stream& stream, mono_time until)
        : stream_(std::make_shared<net::byte_stream*>(&stream)), timer_(io) {
        timer_.expires_at(until);
        // It may be queued already when this ends.
        timer_.async_wait([stream = stream_](const error_code& ec) {
            if (!ec && *stream) (*stream)->close();
        });
    }
    ~time_limit() {
        *stream_ = nullptr;
        timer_.cancel();
    }
    time_limit(const time_limit&) = delete;
    time_limit& operator=(const time_limit&) = delete;

    void close_now() { (*stream_)->close(); }

  private:
    const std::shared_ptr<net::byte_stream*> stream_;
    net::timer timer_;
};

}  // namespace vestibule::store

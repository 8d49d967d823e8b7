// After a 101: bytes both ways, until both sides have ended, or until end() is called.
//
//     tunnel t(client, client_in, backend, backend_in, sweeper, tunnel::kind::websocket);
//     bytes = co_await t.run();      // meanwhile, on the same thread: t.end();
#pragma once

#include "server/io_buffer.hpp"

#include <vestibule/base/task.hpp>
#include <vestibule/http/websocket_frames.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/net/event_loop.hpp>
#include <vestibule/net/stream.hpp>

#include <cstdint>

namespace vestibule::server {

class tunnel {
  public:
    /// websocket: frames are followed, so that end() can close it as RFC 6455 has it.
    enum class kind { opaque, websocket };

    /// Bytes already in the buffers go first. Where nothing moves either way for `idle` it is closed; 0: it
    /// may be silent for ever.
    tunnel(net::byte_stream& client, io_buffer& client_in, net::byte_stream& backend, io_buffer& backend_in,
           net::deadline_sweeper& sweeper, kind k, milliseconds idle = milliseconds(0));

    /// Copies from client to backend and back. An end of one side is passed on as an end (half-close); an
    /// error ends both. Returns the bytes sent to the client.
    task<std::uint64_t> run();

    /// While run() runs, once: ends it from here. A WebSocket gets a close frame 1008 each way where a frame
    /// may begin; for the end of one that is half through it is waited 150 to 250 ms. Anything else is
    /// closed at once. It only begins to: run() does not return within.
    void end();

    /// Behind run(): whether the client was told of the end by a close frame. Its connection is then still
    /// open, so that nothing overtakes the frame.
    bool client_told() const noexcept { return down_.told; }

  private:
    struct direction {
        net::byte_stream& from;
        net::byte_stream& to;
        io_buffer& buffer;
        bool masks;  // as a client's frames have to be
        http::websocket_frames frames{};
        std::uint64_t bytes = 0;
        bool writing = false;  // a piece is under way
        bool over = false;     // nothing more can be sent
        bool parted = false;   // behind the last frame that was passed on: what still comes is dropped
        bool told = false;     // the last frame is a close frame
        bool settled = false;  // nothing is left to do
        net::signal rest{}, farewell_end{};
    };
    task<void> copy(direction& d);
    task<void> copy_and_tell(direction& d, net::signal& end);
    task<error_code> pass_on(direction& d);
    task<void> farewell(direction& d);
    void part(direction& d);
    void stop();

    direction up_, down_;
    const kind kind_;
    net::deadline grace_;
    const milliseconds idle_;
    net::deadline idle_limit_;
    bool ending_ = false, stopped_ = false;
};

}  // namespace vestibule::server

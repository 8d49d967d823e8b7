// Tunnels and event streams: what is open for long. Those of a stored session end when it does.
#include "server/long_lived.hpp"

#include "server/exchange.hpp"
#include "server/tunnel.hpp"

#include <vestibule/http/framing.hpp>

namespace vestibule::server {

using http::field_id;

namespace {

constexpr std::string_view event_stream = "text/event-stream";
constexpr auto stuck_limit = milliseconds(150);  // for a client that takes nothing at the end of its stream

struct open_units {
    explicit open_units(metric_cell& cell) : cell_(cell) { cell_.add(); }
    ~open_units() { cell_.add(-1); }
    open_units(const open_units&) = delete;
    open_units& operator=(const open_units&) = delete;

  private:
    metric_cell& cell_;
};

}  // namespace

bool is_event_stream(const http::field_list& fields) noexcept {
    std::string_view type = fields.find(field_id::content_type);
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    return http::iequals(type, event_stream);
}

// Calls on_end when the session, if it is a stored one, is over.
template <class OnEnd>
void exchange::watch_session(std::optional<watched_exchange>& w, OnEnd on_end) {
    if (session_)
        w.emplace(w_.watch, sid_, stream_origin{site_, route_, notes().user}, [this, on_end](stream_end why) {
            ended_ = why;
            on_end();
        });
}

task<fate> exchange::relay_event_stream(body_reader& body, body_writer& writer, bool close_delimited) {
    const open_units open(w_.metrics.event_streams);
    net::deadline stuck(w_.sweeper, [this] { client_.stream.close(); });
    std::optional<watched_exchange> watched;
    watch_session(watched, [this, &stuck] {
        w_.metrics.count_stream_end(long_lived::event_stream);
        upstream_->close();
        stuck.set(stuck_limit);
    });
    co_return co_await relay_response(body, writer, close_delimited);
}

// For an ended one: a clean end. The client's connection may go on, if anything but its end can show that.
task<fate> exchange::finish_event_stream(body_writer& writer, bool close_delimited) {
    const error_code ec = co_await writer.finish(std::string_view());
    co_return ec || close_delimited ? fate::close : fate::keep;
}

task<fate> exchange::run_tunnel() {
    const bool websocket = session_ && http::iequals(response_.fields.find(field_id::upgrade), "websocket");
    const open_units open(w_.metrics.tunnels);
    tunnel t(client_.stream, client_.in, *upstream_, upstream_in_, w_.sweeper,
             websocket ? tunnel::kind::websocket : tunnel::kind::opaque);
    std::optional<watched_exchange> watched;
    watch_session(watched, [this, &t] {
        w_.metrics.count_stream_end(long_lived::tunnel);
        t.end();
    });
    bytes_sent_ = co_await t.run();
    co_return t.client_told() ? fate::linger : fate::close;
}

}  // namespace vestibule::server

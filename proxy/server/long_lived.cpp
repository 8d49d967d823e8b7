// Tunnels and event streams: what is open for long. Those of a stored session end when it does.
#include "server/long_lived.hpp"

#include "server/exchange.hpp"
#include "server/tunnel.hpp"

#include <vestibule/http/framing.hpp>
#include <vestibule/http/websocket_handshake.hpp>

namespace vestibule::server {

using http::field_id;

namespace {

constexpr std::string_view event_stream = "text/event-stream";
constexpr std::string_view websocket = "websocket";
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

// Of an upgrade that is about to be passed on. False: it is answered here.
bool exchange::judge_upgrade() {
    if (!http::list_contains(head_.fields.find(field_id::upgrade), websocket)) return true;
    switch (http::judge_websocket(head_)) {
        case http::websocket_verdict::passes: return true;
        case http::websocket_verdict::malformed: answer(400); break;
        case http::websocket_verdict::other_version:
            answer(426, "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n");
            break;
    }
    return false;
}

// Whether a 101 is to one protocol of those that were asked for (RFC 9110 7.8), and for a WebSocket the
// answer to this very handshake: another one comes of a cache, or of a server that is none (RFC 6455 4.1).
// The request's head is there still: nothing has been read from the client since.
bool exchange::switched_as_asked() const {
    const std::string_view to = response_.fields.find(field_id::upgrade);
    if (to.empty() || !http::list_contains(head_.fields.find(field_id::upgrade), to)) return false;
    if (!http::iequals(to, websocket)) return true;
    return response_.fields.count(field_id::sec_websocket_accept) == 1 &&
           response_.fields.find(field_id::sec_websocket_accept) ==
               http::websocket_accept(head_.fields.find(field_id::sec_websocket_key));
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
    const bool frames = session_ && http::iequals(response_.fields.find(field_id::upgrade), websocket);
    const open_units open(w_.metrics.tunnels);
    client_.stream.watch_end(nullptr);  // its end goes on to the backend
    client_.watch.clear();
    tunnel t(client_.stream, client_.in, *upstream_, upstream_in_, w_.sweeper,
             frames ? tunnel::kind::websocket : tunnel::kind::opaque, site_->params.timeouts.tunnel_idle);
    std::optional<watched_exchange> watched;
    watch_session(watched, [this, &t] {
        w_.metrics.count_stream_end(long_lived::tunnel);
        t.end();
    });
    bytes_sent_ = co_await t.run();
    co_return t.client_told() ? fate::linger : fate::close;
}

}  // namespace vestibule::server

// One request and its response. exchange.cpp reads as the list of its phases; session_phase.cpp,
// forward.cpp and respond.cpp carry them out. See proxy/README.md.
#pragma once

#include "server/backend_head.hpp"
#include "server/body.hpp"
#include "server/client_head.hpp"
#include "server/worker.hpp"

#include <vestibule/http/path.hpp>

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>

namespace vestibule::server {

/// The client's end of an exchange, owned by its connection.
struct client_side {
    net::byte_stream& stream;
    io_buffer& in;
    net::deadline& read_limit;      // expiry cancels reading
    net::deadline& write_limit;     // expiry resets the connection
    const bool& read_timed_out;     // whether read_limit fired
    boost::asio::ip::address peer;  // unspecified: unix socket
    std::string_view peer_text;
    bool tls = false;
};

/// A validly signed session cookie of the request.
struct candidate {
    std::string sid;
    std::size_t secret;  // position of the secret that signed it
};

/// What becomes of the client's connection after an exchange.
enum class fate {
    keep,    // next request
    close,   // end it; nothing unread matters
    linger,  // end it so that the client can still read the answer while it sends
    reset,   // end it so that the client cannot take what it has for whole
};

class exchange {
  public:
    exchange(worker_state& w, std::shared_ptr<const site> s, client_side client);

    /// Runs the whole exchange; `head` is the front of client.in. Always ends in the access log.
    task<fate> run(std::string_view head);

    /// Answers a request whose head could not even be read (408, 414, 431).
    task<fate> refuse(errc why);

    /// Ends it at once, whatever it waits for: the client has gone, or a drain has come to its end.
    void abandon() noexcept;

  private:
    static constexpr auto watch_interval = milliseconds(200);
    void backend_is_late() noexcept;

    // The phases, in order. One that returns false has answered the request itself (answer_ says how).
    bool read_request(std::string_view head);
    void match_route();
    task<bool> load_session();
    bool decide();
    task<fate> forward();

    // load_session's parts (session_phase.cpp).
    void collect_candidates();
    task<void> find_live_session();
    task<error_code> load_candidate(const candidate& c);
    void adopt(const candidate& c, const session::document& document, std::optional<milliseconds> ttl,
               const session::life& life);
    void adopt_anonymous(const candidate& c);
    void issue_anonymous();
    void end_session(const candidate& c, session::verdict why);
    void set_cookie(std::string_view value, std::optional<unix_time> expires);
    void build_injection();

    // forward's parts (forward.cpp, respond.cpp).
    task<bool> talk(body_reader& request_body, std::string_view first_piece);
    task<error_code> read_response_head();
    task<error_code> pass_interim();
    bool may_repeat(error_code ec, const body_reader& request_body, bool sent) const;
    task<fate> respond(bool request_done);
    task<fate> respond_upgrade();
    task<fate> relay_response(body_reader& body, body_writer& writer, bool close_delimited);

    // Own answers (exchange.cpp).
    void answer(unsigned status, std::string_view extra = {});
    void fail(error_code ec);
    task<fate> send_answer();
    bool skip_request_body();
    error_code client_side_error(error_code ec) const;
    void log_exchange();

    worker_state& w_;
    std::shared_ptr<const site> site_;
    client_side client_;

    // The request.
    http::request_head head_;
    http::normal_target target_;
    http::body_framing framing_;
    http::client_facts facts_;
    std::string method_;  // outlives head_, whose buffer takes the body
    std::string request_id_, traceparent_;
    std::size_t head_size_ = 0;
    std::size_t route_ = 0;
    bool matched_ = false;
    enum class body_progress { untouched, partly, complete } body_ = body_progress::untouched;
    bool keep_alive_ = false;
    bool upgrade_ = false;

    // The session.
    std::vector<candidate> candidates_;
    bool saw_cookie_ = false;
    session_outcome outcome_ = session_outcome::none;
    std::string sid_, handle_;
    std::string stored_;  // the text that document_ views
    std::optional<session::document> document_;
    std::string set_cookie_;  // finished line, or empty
    std::string injected_;    // finished lines

    // The backend.
    std::unique_ptr<net::byte_stream> upstream_;
    io_buffer upstream_in_;
    net::deadline upstream_limit_;  // for its answer
    net::deadline upstream_write_limit_;
    unsigned upstream_generation_ = 0;
    bool interim_passed_ = false;
    net::deadline client_watch_;  // looks now and then whether the client still waits
    bool upstream_timed_out_ = false, abandoned_ = false;
    http::response_head response_;
    std::string backend_head_, client_head_;

    // The answer.
    struct own_answer {
        unsigned status = 0;  // 0: none
        std::string extra;
    } answer_;
    error_code failure_;
    unsigned status_ = 0;
    std::uint64_t bytes_sent_ = 0;
    bool response_begun_ = false;
    fate fate_ = fate::close;
    std::chrono::steady_clock::time_point started_, sent_;
    std::uint64_t upstream_us_ = 0;
};

}  // namespace vestibule::server

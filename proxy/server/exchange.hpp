// One request and its response. exchange.cpp reads as the list of its phases; session_phase.cpp,
// forward.cpp and respond.cpp carry them out. See proxy/README.md.
#pragma once

#include "server/backend_head.hpp"
#include "server/body.hpp"
#include "server/capture.hpp"
#include "server/client_head.hpp"
#include "server/exchange_buffers.hpp"
#include "server/session_writer.hpp"
#include "server/worker.hpp"

#include <optional>
#include <string>

namespace vestibule::server {

/// The client's end of an exchange, owned by its connection.
struct client_side {
    net::byte_stream& stream;
    io_buffer& in;
    net::deadline& read_limit;    // expiry cancels reading
    net::deadline& write_limit;   // expiry resets the connection
    net::deadline& watch;         // expiry calls look() of the exchange
    const bool& read_timed_out;   // whether read_limit fired
    const bool& write_timed_out;  // the same
    http::ip_address peer;        // unspecified: unix socket
    std::string_view peer_text;
    bool tls = false;            // ours
    std::string_view subject{};  // of its certificate, as headers have it; empty: none
    bool last = false;           // the connection has had its share of requests
};

/// What becomes of the client's connection after an exchange.
enum class fate {
    keep,    // next request
    close,   // end it; nothing unread matters
    linger,  // end it so that the client can still read the answer while it sends
    reset,   // end it so that the client cannot take what it has for whole
};

/// What capture rules need that nothing else keeps.
struct capture_memory {
    bool copy_request = false, plain_answer = false;
    bool held = false;  // the answer's body, or its beginning, has been read before its head goes on
    request_form form;
    std::string answer_head;  // texts of the answer's head
    std::string answer_pieces;
    body_copy request_body, answer_body;
};

/// Whether our cookie is for https alone.
bool secure_for(secure_mode mode, bool https) noexcept;

class exchange {
  public:
    exchange(worker_state& w, client_side client);

    /// Runs the whole exchange; `head` is the front of client.in. Always ends in the access log.
    task<fate> run(std::string_view head);

    /// Answers a request whose head could not even be read (408, 414, 431).
    task<fate> refuse(errc why);

    /// Ends it at once, whatever it waits for: the client has gone, or a drain has come to its end.
    void abandon() noexcept;

    /// The client has ended its sending side (eof), which is all that can be seen of one that has gone, or
    /// reset the connection.
    void client_ended(error_code how) noexcept;

    /// Whether anything has come to an end that is waited for: now and then, while the backend works.
    void look() noexcept;

  private:
    static constexpr auto watch_interval = milliseconds(200);
    static constexpr auto next_look = milliseconds(1);
    static constexpr unsigned too_many_sessions = 403;
    class end_watch;
    void backend_is_late() noexcept;

    // The phases, in order. One that returns false has answered the request itself (answer_ says how).
    bool read_request(std::string_view head);
    void match_route();
    bool session_at_hand();
    task<void> load_session();
    task<void> renew_sid();
    bool settle_session();
    bool decide();
    task<fate> forward();

    // The parts of those that find the session (session_phase.cpp).
    void collect_candidates();
    bool verify(candidate& c);
    bool anonymous_at_hand();
    void judge(const candidate& c, session::session_ptr loaded);
    void adopt(const candidate& c, session::session_ptr s, const session::life& life);
    void adopt_anonymous(const candidate& c);
    bool is_subresource() const;
    void issue_anonymous();
    void end_timed_out(const candidate& c, session::verdict why);
    void set_cookie(std::string_view value, std::optional<unix_time> expires);
    session::session_notes& notes();
    void note_identity(session::session_notes& n) const;
    void append_injection(std::string& out) const;
    void append_members(std::string& out) const;
    std::string_view remaining_lines();
    bool meets_route();
    std::string_view assertion_line();

    // The guards (guard.cpp), each where its feature is on.
    void note_origin();
    bool guard();
    void answer_preflight();
    bool comes_from_here();
    void count_failed_cookie(cookie_outcome why, std::string_view text);
    bool admit_without_session();
    bool may_issue();
    bool may_store(const session::session_changes& c);
    void log_flood(std::string_view kind, std::uint32_t limit);
    std::string cors_of_answer() const;

    // forward's parts (forward.cpp, respond.cpp).
    task<bool> talk(body_reader& request_body, std::string_view first_piece);
    task<error_code> read_response_head();
    void await_answer() noexcept;
    task<error_code> pass_interim();
    bool may_repeat(error_code ec, const body_reader& request_body, bool sent) const;
    std::string forwarded_cookie() const;
    task<bool> find_backend();
    bool find_another(bool harmless);
    task<fate> respond(bool request_done);
    task<fate> respond_upgrade();
    backend_cookie settle_cookie();
    task<fate> relay_response(body_reader& body, body_writer& writer, bool close_delimited);
    policy::request_facts request_facts() const noexcept { return {method_, target_.match_path, {}}; }

    // What the answer says of the session (effects.cpp).
    void prepare_capture(std::span<const session::vault_cookie> kept);
    task<bool> settle_effects(body_reader& body);
    void tell_missed(const not_captured& m);
    void take_control(session::session_changes& c);
    task<bool> settle(session::session_changes c);
    task<bool> hold_body(body_reader& body, bool json);
    task<bool> apply_ending(session::ending how);
    task<bool> apply_changes(session::session_changes c);
    void go_on_as(const written& r);
    void follow_backend_cookie();
    task<bool> look_again(body_reader& body, http::body_framing framing);
    void note_end_by_backend();
    task<void> check_cookie();
    void drop_session();

    // What is open for long, and ends with its session (long_lived.cpp).
    bool judge_upgrade();
    bool switched_as_asked() const;
    task<fate> relay_event_stream(body_reader& body, body_writer& writer, bool close_delimited);
    task<fate> finish_event_stream(body_writer& writer, bool close_delimited);
    task<fate> run_tunnel();
    template <class OnEnd>
    void watch_session(std::optional<watched_exchange>& w, OnEnd on_end);
    // The cookies that live in the session (vault_phase.cpp).
    task<bool> settle_upgrade();
    void take_vaulted(session::session_changes& c);
    void drop_vaulted();
    std::optional<std::string> sid_of_backend() const;
    void leave_vaulted_to_backend(session::session_changes& c);
    void count_vaulted(const session::vault_report& r);
    void log_refused_cookie(std::string_view name);

    // Own answers (exchange.cpp).
    void answer(unsigned status, std::string_view extra = {});
    void fail(error_code ec);
    task<fate> send_answer();
    bool skip_request_body();
    error_code client_side_error(error_code ec) const;
    error_code why_no_answer(error_code ec) const noexcept;
    errc client_write_error() const noexcept;
    void log_exchange();
    std::string client_text() const;
    void log_session(std::string_view event, std::string_view why, std::string_view from = {}) const;

    worker_state& w_;
    std::shared_ptr<const site> site_;
    client_side client_;

    exchange_buffers_pool::lease memory_;
    exchange_buffers& texts_ = *memory_;

    // The request.
    http::request_head& head_ = texts_.head;
    http::normal_target& target_ = texts_.target;
    http::body_framing framing_;
    http::client_facts& facts_ = texts_.facts;
    std::string& method_ = texts_.method;
    std::string& request_id_ = texts_.request_id;
    std::string& traceparent_ = texts_.traceparent;
    std::size_t head_size_ = 0;
    std::size_t route_ = 0;
    bool matched_ = false;
    enum class body_progress { untouched, partly, complete } body_ = body_progress::untouched;
    bool keep_alive_ = false;
    bool upgrade_ = false;

    // The session.
    std::vector<candidate>& candidates_ = texts_.candidates;
    const candidate* anonymous_ = nullptr;  // a valid anonymous one among them
    bool saw_cookie_ = false;
    std::uint32_t failed_cookies_ = 0, failed_fingerprint_ = 0;  // for the flood guard
    session_outcome outcome_ = session_outcome::none;
    session::session_ptr session_;  // a live stored one
    std::string& sid_ = texts_.sid;
    std::string_view handle_;  // the session's notes have it, or texts_
    std::string& set_cookie_ = texts_.set_cookie;
    std::string_view injected_;
    session::sid_step renewal_ = session::sid_step::keep;
    bool dead_cookie_ = false;           // a signed one leads nowhere
    bool over_limit_ = false;            // no new session for this address (flood.new_sessions)
    std::string replaced_{};             // and the sid of one that a cookie leads to no more
    bool ended_lately_ = false;          // a cookie leads to a session that has just been replaced
    bool other_sid_ = false;             // than the client brought, since before the backend saw it
    bool renewed_ = false;               // the client gets another sid, which the backend does not know
    bool vaulted_ = false;               // the answer sets cookies that live in it
    session::session_ptr carried_from_;  // the session that the backend has ended
    std::vector<session::vault_change> carried_;  // those that go to the session which the backend opens
    std::unique_ptr<capture_memory> capture_;     // where a rule looks into bodies

    // The backend.
    upstream::search search_;
    upstream::lease upstream_;
    io_buffer upstream_in_;
    mono_time answer_due_ = mono_time::max();  // the head of its answer
    net::deadline upstream_limit_;             // for the body of its answer
    net::deadline upstream_write_limit_;
    bool interim_passed_ = false;
    bool upstream_timed_out_ = false, abandoned_ = false, client_ended_ = false;
    http::response_head& response_ = texts_.response;
    std::string& backend_head_ = texts_.backend_head;
    std::string& client_head_ = texts_.client_head;

    // The answer.
    std::string& cors_ = texts_.cors;
    struct own_answer {
        unsigned status = 0;  // 0: none
        std::string extra;
    } answer_;
    error_code failure_;
    unsigned status_ = 0;
    std::uint64_t bytes_sent_ = 0;
    bool response_begun_ = false;
    bool moved_ = false;                   // to another backend than the one that failed
    stream_end ended_ = stream_end::none;  // by its session, before its time
    fate fate_ = fate::close;
    std::chrono::steady_clock::time_point started_, sent_;
    std::uint64_t upstream_us_ = 0;
};

}  // namespace vestibule::server

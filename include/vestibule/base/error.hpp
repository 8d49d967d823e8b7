// The one list of things that go wrong, in bands by the side they come from, and result<T>.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string_view>

namespace vestibule {

using boost::system::error_code;

/// A value or an error_code; functions name the errors they return.
template <class T>
using result = boost::system::result<T>;

enum class errc {
    // Client wire (100-199): what the client sent, or did not.
    malformed_head = 100,  // request line or a field breaks the grammar
    head_too_large,        // more bytes than limits.head before the empty line
    target_too_long,       // request target over limits.target
    too_many_headers,      // more fields than limits.headers
    bad_framing,           // Content-Length / Transfer-Encoding contradict or are not understood
    bad_target,            // path with %2F, %00, controls, ... (see normalise_path)
    body_too_large,        // over limits.body
    bad_chunk,             // chunked coding broken
    client_closed,         // end of stream where more had to come
    client_timeout,        // a client deadline passed
    bad_expectation,       // Expect that is not exactly 100-continue

    // Session (200-299).
    malformed_cookie = 200,  // no "s:", no signature part, bad sid
    bad_signature,           // no configured secret signs this
    malformed_value,         // stored value is not a session document
    pointer_conflict,        // an edit runs into a member that is not an object

    // Store (300-399): the store could not answer. Never "no such session".
    store_unavailable = 300,  // not connected, connection lost
    store_timeout,            // no answer within store.timeout
    store_refused,            // the store answered with an error (ACL, OOM, READONLY, ...)
    store_protocol,           // bytes that are not RESP
    store_conflict,           // compare-and-set lost too often
    store_overloaded,         // too many operations waiting

    // Upstream (400-499): the backend.
    connect_failed = 400,  // refused, unreachable, no such socket
    connect_timeout,
    response_timeout,    // no response head, or no further body byte, in time
    bad_response,        // malformed or ambiguous response head or chunk
    truncated_response,  // closed before the announced end
    upstream_closed,     // closed before any byte of a response
    pending_full,        // limits.backend_pending requests wait for a connection already
    pending_timeout,     // no connection came free within timeouts.pending
    pending_shed,        // waited too long while there was overload (limits.backend_delay)

    // Internal (500-599).
    invalid_argument = 500,
    shutting_down,
};

/// Which side failed; what a log line calls it.
enum class side { downstream, session, store, upstream, internal };

side side_of(error_code ec) noexcept;
std::string_view to_string(side s) noexcept;

const boost::system::error_category& vestibule_category() noexcept;

inline error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), vestibule_category()};
}

}  // namespace vestibule

template <>
struct boost::system::is_error_code_enum<vestibule::errc> : std::true_type {};

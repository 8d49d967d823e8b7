// Whether an open tunnel or event stream may go on, as far as its session says. Pure.
#pragma once

#include "server/site.hpp"

#include <vestibule/base/clock.hpp>
#include <vestibule/session/stored_session.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace vestibule::server {

/// Why a tunnel or an event stream was ended before its time.
enum class stream_end {
    none,        // it was not
    gone,        // the session is not in the store (any more), or has ended
    expired,     // absolute_timeout, or idle_limit
    denied,      // the session no longer meets what the route requires
    other_user,  // the value at session.user has changed
};
std::string_view to_string(stream_end e) noexcept;

/// What the exchange began with.
struct stream_origin {
    std::shared_ptr<const site> of;
    std::size_t route = 0;
    std::string user{};  // who was logged in; empty: nobody
};

/// What they are to know of it.
session::session_facts life_facts(const session::stored_session& s, const session::document& d);

/// What the rules of its life say of a session with a document, now.
session::life judge_life(const session::stored_session& s, const session::document& d, const site& of);

/// It goes on where `end` is none; under another sid where `follow` has one, which views the session.
struct stream_verdict {
    stream_end end = stream_end::none;
    std::string_view follow{};
};

/// `s`: what the store has now; null: nothing. Not for when the store could not answer: that ends nothing.
stream_verdict judge_stream(const session::stored_session* s, const stream_origin& o);

}  // namespace vestibule::server

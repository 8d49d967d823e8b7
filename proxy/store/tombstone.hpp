// What is left of a session that has ended: its text in the store. Pure.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/session/stored_session.hpp>

#include <string>
#include <string_view>

namespace vestibule::store {

/// "-", or "<ms since 1970> <sid>": until then it has moved there. With '=' for ' ': replaced by that one.
std::string tombstone_text(std::string_view moved_to, bool follow, milliseconds grace, unix_time now);

/// What such a text says at `now`. Anything else says that the session has ended.
session::session_ptr read_tombstone(std::string_view text, unix_time now);

}  // namespace vestibule::store

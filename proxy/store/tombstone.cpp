#include "store/tombstone.hpp"

#include <vestibule/session/sid.hpp>

#include <charconv>

namespace vestibule::store {

using session::session_ptr;
using session::standing;
using session::stored_session;

std::string tombstone_text(std::string_view moved_to, milliseconds grace, unix_time now) {
    if (grace <= milliseconds::zero()) return "-";
    return std::to_string((now + grace).time_since_epoch().count()) + ' ' + std::string(moved_to);
}

session_ptr read_tombstone(std::string_view text, unix_time now) {
    std::int64_t until = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, until);
    if (failed == std::errc() && stop != end && *stop == ' ' && now < unix_time(milliseconds(until))) {
        const std::string_view sid = text.substr(static_cast<std::size_t>(stop + 1 - text.data()));
        if (sid.empty()) return session_ptr(new stored_session(standing::replaced));
        if (session::acceptable_sid(sid))
            return session_ptr(new stored_session(standing::moved, std::string(sid)));
    }
    return session_ptr(new stored_session(standing::ended));
}

}  // namespace vestibule::store

#include "store/tombstone.hpp"

#include <vestibule/session/sid.hpp>

#include <algorithm>
#include <charconv>

namespace vestibule::store {

using session::session_ptr;
using session::standing;
using session::stored_session;

std::string tombstone_text(std::string_view moved_to, bool follow, milliseconds grace, unix_time now) {
    if (moved_to.empty()) return "-";
    const unix_time until = now + std::max(grace, milliseconds::zero());
    return std::to_string(until.time_since_epoch().count()) + (follow ? ' ' : '=') + std::string(moved_to);
}

session_ptr read_tombstone(std::string_view text, unix_time now) {
    std::int64_t until = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, until);
    if (failed != std::errc() || stop == end || (*stop != ' ' && *stop != '='))
        return session_ptr(new stored_session(standing::ended));
    const std::string_view sid = text.substr(static_cast<std::size_t>(stop + 1 - text.data()));
    standing how = *stop == ' ' ? standing::moved : standing::replaced;
    if (now >= unix_time(milliseconds(until))) how = standing::ended;
    if (!session::acceptable_sid(sid)) return session_ptr(new stored_session(standing::ended));
    return session_ptr(new stored_session(how, std::string(sid)));
}

}  // namespace vestibule::store

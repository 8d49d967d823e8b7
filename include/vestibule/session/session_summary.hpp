// What operators are told of a stored session: enough to recognise it, nothing that would let them be it.
// Never the sid, never member `cookie` or `vestibule` (in which cookies of the backend may be kept); all
// other values only where they were asked for. Pure.
#pragma once

#include <vestibule/session/lifecycle.hpp>
#include <vestibule/session/stored_session.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

enum class session_state {
    live,
    expired,    // past idle_limit or absolute_timeout; the next request with it would end it
    malformed,  // no session document: nobody's session, and left alone
};
std::string_view to_string(session_state s) noexcept;

struct session_summary {
    std::string handle;
    session_state state = session_state::live;
    std::string user{};                 // as it stands in the document, unescaped; empty: nobody is logged in
    std::optional<milliseconds> ttl{};  // remaining; nothing: the key has no expiry
    std::optional<unix_time> since{};   // when absolute_timeout began to count, where that is noted
    std::optional<unix_time> ends{};    // the absolute end, where it is known
    std::optional<unix_time> renewed{};  // when it got its sid, where that is noted
    std::size_t bytes = 0;               // of the stored value
};

/// `stored` is live. `at`, `now`: the same moment by two clocks.
session_summary summary_of(std::string handle, const stored_session& stored, const lifecycle_params& p,
                           unix_time now, mono_time at);

/// A top-level member of the document.
struct member_summary {
    std::string name;                    // unescaped
    std::string_view type;               // "object", "array", "string", "number", "boolean", "null"
    std::size_t bytes = 0;               // of its JSON text
    std::optional<std::string> value{};  // JSON text on one line, where it may be told
};

/// Nothing of a value that is no document. With `content` there are values, but not of `cookie` and
/// `vestibule`, nor where the sid itself stands in one.
std::vector<member_summary> members_of(const stored_session& stored, std::string_view sid, bool content);

struct session_details {
    session_summary summary;
    std::vector<member_summary> members;
};

// JSON objects on one line, with null for what is not known; times are ISO 8601, the TTL in seconds.
std::string to_json(const session_summary& s);
std::string to_json(const session_details& s);

}  // namespace vestibule::session

// Whose a session is, and when that, or its age, calls for a new sid. Pure.
//
// A sid must not outlive a change of who is logged in, or somebody who planted it before a login is logged
// in, too (session fixation; OWASP Session Management, "Renew the Session ID After Any Privilege Level
// Change"). Express changes the value in place where the application does not call regenerate(), so each
// session notes for whom its sid was made.
#pragma once

#include <vestibule/session/changes.hpp>
#include <vestibule/session/lifecycle.hpp>

#include <string>
#include <string_view>

namespace vestibule::session {

/// Who is logged in: the value at session.user as a header carries it. Empty: nobody, where it is absent,
/// null, false or empty.
std::string user_of(const document& d, const lifecycle_params& p);

/// For whom its sid was made: as noted, else who is logged in. Empty: nobody. What is that user's alone (the
/// vault) is for nobody else.
std::string owner_of(const document& d, const lifecycle_params& p);

/// Whether changes are somebody's login, whatever they change.
bool logs_in(const session_changes& c, const lifecycle_params& p);

enum class sid_step {
    keep,
    note,     // whose it is, or how old, is not noted yet: note it
    renew,    // renew_id has passed: a new sid, the old one leads to it for a while
    replace,  // somebody else is logged in: a new sid, the old one is dead
};
sid_step judge_sid(const document& d, const lifecycle_params& p, unix_time now);

enum class noting {
    as_it_is,  // same sid: only what is missing
    new_sid,   // the session goes on under a new sid
    login,     // and somebody else is logged in from now on: absolute_timeout counts anew
};

/// The document with what has to be noted, and where there is a new sid with `cookie.expires` of now. Only
/// what one of the rules needs: `text` itself where that is nothing. Error: malformed_value.
result<std::string> noted(std::string_view text, const lifecycle_params& p, noting how, unix_time now);

}  // namespace vestibule::session

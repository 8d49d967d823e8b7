// All sessions of one user, over any store. The store's list may name sessions that have ended or belong to
// somebody else by now; whoever reads it here mends it.
#pragma once

#include <vestibule/session/lifecycle.hpp>
#include <vestibule/session/session_store.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

/// Ends a session wherever it goes on: under this sid, and under those that it moved to or was replaced by
/// meanwhile. `sid` is viewed until the end. Error: the store's.
task<result<destroyed>> end_wherever(session_store& store, std::string_view sid);

struct user_session {
    std::string sid;
    session_ptr session;  // live
};

/// Those that are alive and the user's, the soonest to end first. Others leave the list. Arguments are
/// viewed until the end. Errors: the store's.
task<result<std::vector<user_session>>> live_sessions_of(session_store& store, std::string_view user,
                                                         const lifecycle_params& p);

/// Ends those. How many there were. Errors: the store's; some may have ended then.
task<result<std::size_t>> end_sessions_of(session_store& store, std::string_view user,
                                          const lifecycle_params& p);

}  // namespace vestibule::session

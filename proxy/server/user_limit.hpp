// session.max_per_user, and the lists of users' sessions by which it is kept. Errors: the store's.
#pragma once

#include "server/session_writer.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace vestibule::server {

/// Enters a new sid into its user's list, before the old one (`leaving`; empty: none) goes: who ends all of a
/// user's sessions finds one of them. denied: there is no room. Where only finding it there suffers, a
/// failure of the store is no reason to fail.
task<result<write_end>> enter_list(worker_state& w, const site& s, const written& fresh, std::string user,
                                   std::string leaving);

/// Ends as many sessions of a user as there are too many, the soonest to end first, and not `sid`. Of several
/// at once who do so one ends the sessions of the others.
task<result<void>> evict(worker_state& w, const site& s, std::string user, std::string sid);

/// Where a user has more sessions than may be (`count`, or fewer), ends others, or where the limit denies
/// logins `sid` itself (denied).
task<result<write_end>> keep_to_limit(worker_state& w, std::shared_ptr<const site> s, std::string user,
                                      std::string sid, std::size_t count);

/// A line of the log about a session that the limit ended, or did not let begin.
void log_limit(const site& s, std::string_view sid, std::string_view event);

}  // namespace vestibule::server

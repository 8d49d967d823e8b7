// Store writes that no request waits for. They outlive the exchange that started them and are waited for at
// the end of a drain.
#pragma once

#include "server/worker.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::server {

/// EXPIRE to `ttl`, in the list of its user, too, where somebody is logged in.
void touch_later(worker_state& w, std::string sid, seconds ttl, std::string user);

/// Enters a session, which has `ttl` left, into the list of its user.
void list_later(worker_state& w, std::string sid, std::optional<milliseconds> ttl, std::string user);

/// Notes in the document what has to be noted of it (session::noted); a change made meanwhile by others is
/// kept. Where somebody is logged in it gets into the list of that user.
void note_later(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                session::session_ptr current);

/// The backend, which speaks express, has given the client another sid, under which it will store a session.
/// What it has set for the vault goes there. Where the client had a session: if the same user is logged in
/// there, the absolute timeout goes on counting; and the vault comes along, unless it was somebody else's.
void carry_over_later(worker_state& w, std::shared_ptr<const site> s, session::session_ptr old,
                      std::string to, std::vector<session::vault_change> set);

/// The backend has taken the cookie away. If it has ended the session, that stays ended.
void bury_later(worker_state& w, std::string sid);

/// New states of cookies have been written into the vault of a session in which `owner` is logged in: they
/// are remembered, and looked after for a while.
void watch_vault(worker_state& w, std::string_view sid, std::string_view owner,
                 std::vector<session::vault_cookie> written);

/// Takes a sid out of the list of a user.
void delist_later(worker_state& w, std::string user, std::string sid);

/// Ends a session whose time is over.
void destroy_later(worker_state& w, std::string sid);

}  // namespace vestibule::server

// Changing sessions in the store: whatever others write at the same time survives, what has ended stays
// ended, and a new sid is there before the old one goes.
#pragma once

#include "server/worker.hpp"

#include <vestibule/session/changes.hpp>
#include <vestibule/session/identity.hpp>

#include <memory>
#include <optional>
#include <string>

namespace vestibule::server {

enum class write_end {
    done,
    unchanged,  // nothing to write
    gone,       // the session has ended meanwhile, and stays so
    denied,     // its user has as many sessions as may be
    refused,    // the changes do not fit the document: a pointer through what is no object
};

/// A session after a write.
struct written {
    write_end how = write_end::done;
    std::string sid{};
    std::string value{};           // its document, where there is one
    std::optional<seconds> ttl{};  // of a new sid
    bool new_sid = false;
    bool login = false;             // somebody is logged in there who was not before, or has done so again
    session::vault_report vault{};  // what came of changes of the vault, where there was a write or no need
};

/// Applies changes to a session, or where `current` is null to a new one. Not to be given an ending.
/// Writes of one session wait for each other on a worker; those of other workers and clients are met by
/// compare-and-set, again and again for a few seconds. `secure`: of the cookie of a new one. Errors: the
/// store's, store_timeout where the race was lost for so long.
task<result<written>> change_session(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                                     session::session_ptr current, session::session_changes c, bool secure);

/// Gives a session a new sid, because of its age (renew) or because somebody else is logged in (replace).
task<result<written>> renew_session(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                                    session::session_ptr current, session::sid_step why);

/// Ends a session, or all of its user. Error: the store's.
task<result<void>> end_session(worker_state& w, std::shared_ptr<const site> s, std::string sid,
                               session::session_ptr current, session::ending how);

}  // namespace vestibule::server

// The sessions of a store as operators look at them and end them: by handle and by user, never by sid.
// What `vestibule sessions` and the session API of the admin address do, both.
//
// A handle leads to no sid, so all sids of the store are gone through, a page at a time. A user's list in
// the store is no short cut either: it knows the sessions that vestibule has seen, and an operator who ends
// all sessions of a user means those, too, that nobody has used since their login at the application.
//
// Whatever has a good name under the store's prefix is looked at, sessions of other applications included.
// Values that are no session documents are shown as such and never ended.
#pragma once

#include <vestibule/session/lifecycle.hpp>
#include <vestibule/session/session_store.hpp>
#include <vestibule/session/session_summary.hpp>
#include <vestibule/session/sid.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

/// 22 characters of base64url.
bool is_handle(std::string_view text) noexcept;

struct session_page {
    std::vector<session_summary> sessions;  // perhaps none although there is a next page
    std::string next;                       // where that begins; empty: this was the last
};

/// Whether a text may be a session_page's `next`.
bool is_page_mark(std::string_view text) noexcept;

enum class revocation { ended, not_found, malformed };

struct mass_revocation {
    std::size_t ended = 0;
    error_code failed{};  // the store's: there may be more of them
};

/// On the thread of its store, which outlives what is under way. `user`: as in session_summary; empty means
/// anybody. Errors are the store's, and shutting_down where `pause` says so.
class directory {
  public:
    /// What happens between two pages of the store, so that others have their turn. False: give up.
    using pause_function = std::function<task<bool>()>;

    directory(session_store& store, handle_maker make_handle, lifecycle_params life,
              pause_function pause = {});

    /// `limit` sessions at most, and after some ten thousand sids whatever was found until then. `from`: ""
    /// or `next` of the page before. What comes and goes between two pages may be missed or come twice.
    task<result<session_page>> list(std::string user, std::string from, std::size_t limit) const;

    task<result<std::optional<session_details>>> find(std::string handle, std::string user,
                                                      bool content) const;

    /// Of anybody: everything stored, malformed values included.
    task<result<std::size_t>> count(std::string user) const;

    /// Ends a session for everybody who knows its sid, on every replica.
    task<result<revocation>> revoke(std::string handle, std::string user) const;

    /// Ends all sessions of a user.
    task<mass_revocation> revoke_all(std::string user) const;

  private:
    struct named {
        std::string handle, sid;
        session_ptr session{};
    };
    using page = std::vector<named>;
    struct walk;

    task<error_code> next_page(walk& w) const;
    task<error_code> load(page& p, std::size_t begin, std::size_t end) const;
    task<result<std::optional<named>>> look_up(std::string handle, std::string user) const;
    task<error_code> end_those_of(std::string user, page& p, std::size_t& ended) const;
    bool is_of(const named& n, const std::string& user) const;
    session_summary summary(const named& n) const;

    session_store& store_;
    handle_maker make_handle_;
    lifecycle_params life_;
    pause_function pause_;
};

}  // namespace vestibule::session

// Routes as configured: which requests need which session.
#pragma once

#include <vestibule/session/document.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vestibule::policy {

/// What a route asks of the session.
enum class session_mode {
    off,       // no session work; session headers still stripped
    optional,  // a valid session is loaded, none is issued
    issue,     // a visitor without a valid session gets a fresh anonymous one
    required,  // as optional; what does not meet `require` is denied
};

/// What becomes of a request where the store cannot answer.
enum class failure_policy {
    reject,     // 503
    anonymous,  // on without a session, where none is required
};

/// One member of `require`: the value at `pointer` must be there (`present`), or equal one of `any_of`.
struct requirement {
    session::json_pointer pointer;
    bool present = false;
    std::vector<std::string> any_of{};
};

/// What a denied request gets.
struct denial {
    unsigned status = 401;                  // 401 or 403
    std::optional<std::string> redirect{};  // for navigations; "{target}" is replaced
};

/// One entry of `routes`. First match wins.
struct route_params {
    // Exact, or a prefix ending in "/*", which covers the prefix itself: "/x/*" is "/x", "/x/" and all
    // below. Already in normal form. `required`: also in another letter case, with or without a slash at the
    // end, and below a file ("/a.php/x"), for there are backends that serve the same then.
    std::string path = "/*";
    std::vector<std::string> methods{};  // empty: all; compared without case; GET covers HEAD
    std::string host{};                  // empty: all; compared without case, port or trailing dot
    session_mode session = session_mode::issue;
    std::vector<requirement> require{};
    denial deny{};
    std::optional<failure_policy> on_failure{};  // nothing: what is usual (store.on_failure)
};

struct policy_params {
    std::vector<route_params> routes{};  // without a match: session: issue
};

}  // namespace vestibule::policy

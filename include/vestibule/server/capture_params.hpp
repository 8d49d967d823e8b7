// What the backend says about the session, as configured: rules over its own answers, and headers made for
// it.
#pragma once

#include <vestibule/session/changes.hpp>

#include <string>
#include <utility>
#include <vector>

namespace vestibule::server {

/// Where a captured value comes from.
struct capture_source {
    enum class place {
        header,  // of the answer
        json,    // of the answer's body
        form,    // a field of the request's form; of a JSON request, the member of that name
        cookie,  // that the answer sets
        value,   // as it stands here
    } from = place::value;
    std::string name;               // of header, field, cookie; the value itself
    session::json_pointer pointer;  // into the body
};

struct capture_set {
    session::json_pointer at;
    capture_source source;
};

/// One entry of `capture`. All that match an answer count, in order.
struct capture_rule {
    std::string path = "/*";           // as in routes
    std::vector<std::string> methods;  // empty: all; GET covers HEAD
    using range = std::pair<unsigned, unsigned>;
    std::vector<range> status = std::vector<range>(1, range(200, 399));  // any of these
    std::vector<capture_set> set;  // what is missing in the answer is not set
    session::ending end = session::ending::none;
    bool regenerate = false;
};

/// backend_control
struct control_params {
    bool enabled = false;
    std::vector<std::string> allow;  // top-level members; empty: all that are nobody's
};

/// vault
struct vault_params {
    std::vector<std::string> cookies;  // names
    bool all = false;                  // every cookie but the session's
};

/// session.max_per_user
struct user_limit_params {
    std::size_t count = 0;  // 0: off
    bool evict = true;      // the one that would end first; else the login is denied
};

}  // namespace vestibule::server

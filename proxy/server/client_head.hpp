// The response head as the client gets it. Pure.
#pragma once

#include "server/site.hpp"

#include <vestibule/http/framing.hpp>

#include <string>

namespace vestibule::server {

/// How the response goes out.
struct client_head_plan {
    bool chunked = false;           // we frame it in chunks
    bool close = false;             // the connection ends after it
    bool keep_alive_1_0 = false;    // an HTTP/1.0 client asked to stay
    bool upgrade = false;           // 101
    std::string_view set_cookie{};  // finished "Set-Cookie: ...\r\n" line of ours, or empty
    bool cors = false;              // we say what other origins may read, not the backend
    std::string_view cors_lines{};  // finished lines for an allowed one
    bool vaulted = false;           // it set cookies that went into the session
};

/// What the backend's own Set-Cookie lines say about our cookie.
enum class backend_cookie {
    untouched,  // it sets none of our name
    valid,      // it sets one that a configured secret signs, or deletes it: an express backend's; passes
    refused,    // it sets another value under our name: dropped
};
backend_cookie judge_backend_cookies(const site& s, const http::field_list& fields);

/// Writes the whole head into `out` (cleared first). A refused cookie of the backend is left out, and those
/// of the vault; a response that carries a session cookie, or carried one for the vault, leaves no shared
/// cache a copy.
void build_client_head(std::string& out, const site& s, const http::response_head& head,
                       backend_cookie cookie, const client_head_plan& plan);

}  // namespace vestibule::server

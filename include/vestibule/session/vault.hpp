// Cookies of the backend that live in the session: what a browser's cookie jar is to a browser (RFC 6265
// 5.3, 5.4), for one host. In the document they are a list, oldest first:
//
//     "vestibule":{"vault":[{"name":"PHPSESSID","value":"k3l0v","path":"/","set":1767323045678}]}
//
// Bytes that are no ASCII stand there as the character of the same number, so that any come back as they
// were. A cookie that was taken out leaves its name, path and time for a while.
//
// Express saves a session as it was when its request began, over whatever has come into it meanwhile. So
// whoever has put something into a vault remembers it for that while, and puts it back where it is missing:
// of two states of a cookie the later counts. Pure.
#pragma once

#include <vestibule/session/document.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

struct vault_limits {
    static constexpr std::size_t cookies = 50;       // as many as browsers have to keep
    static constexpr std::size_t pair = 4 * 1024;    // bytes of one name and value, the same
    static constexpr std::size_t total = 16 * 1024;  // of all names, values and paths
};

constexpr milliseconds vault_memory_time{60'000};  // of what was set, and of marks of what was taken out

/// Name and path are its identity.
struct vault_cookie {
    std::string name{}, value{};  // neither with a control or ';'
    std::string path = "/";
    std::optional<unix_time> expires{};  // nothing: it lives as long as the session
    unix_time set{};                     // when; always later than the state before
    bool gone = false;                   // a mark: it was taken out then
};

/// What an answer does to one of them.
struct vault_change {
    vault_cookie cookie;
    bool remove = false;
};

/// What came of changes.
struct vault_report {
    std::size_t kept = 0;  // there now, whether or not that was new
    std::size_t deleted = 0;
    std::vector<std::string> refused{};   // names of those over a limit, or not fit to be sent
    std::vector<vault_cookie> written{};  // the new states, where there is something to write
};

/// The list in a document, as it stands, marks included; entries that are neither are left out.
std::vector<vault_cookie> read_vault(const document& d);

/// The list as JSON.
std::string vault_json(std::span<const vault_cookie> cookies);

/// Applies changes in order. Expired cookies and old marks do not count any more, and go. Returns whether
/// there is something to write: not where each cookie is as it was, or its end has moved by less than a
/// tenth of the life it would have now. (Backends set a cookie with Max-Age again in each answer.)
bool change_vault(std::vector<vault_cookie>& cookies, std::span<const vault_change> changes, unix_time now,
                  vault_report& report);

/// Puts back what is remembered and not there in that state or a later one. Whether there was such.
bool restore_vault(std::vector<vault_cookie>& cookies, std::span<const vault_cookie> remembered,
                   unix_time now);

/// The cookies of a document with what is remembered, without marks, in the order in which they are sent:
/// longest path first, then oldest (RFC 6265 5.4).
std::vector<vault_cookie> vault_to_send(const document& d, std::span<const vault_cookie> remembered,
                                        unix_time now);

/// Whether one goes with a request for `path`.
bool goes_with(const vault_cookie& c, std::string_view path, unix_time now) noexcept;

}  // namespace vestibule::session

#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <vestibule/http/field_names.hpp>

#include <algorithm>

namespace vestibule::config {
namespace {

void read_name(const cursor& at, const std::string& session_cookie, server::vault_params& out) {
    std::string name;
    if (!read_text(at, name)) return;
    if (name == "*")
        out.all = true;
    else if (!is_token(name))
        at.error(at.shown() + " is no name of a cookie (like PHPSESSID; or \"*\" for all)");
    else if (name.find('*') != name.npos)
        at.error(at.shown() + " has a wildcard (each name by itself, or \"*\" alone for all)");
    else if (http::equivalent_names(name, session_cookie))
        at.error(at.shown() + " is the session cookie to a backend (session.cookie.name: \"" +
                 printable(session_cookie) + "\"), and leads to the vault");
    else if (std::find(out.cookies.begin(), out.cookies.end(), name) != out.cookies.end())
        at.error(at.shown() + " is there twice");
    else
        out.cookies.push_back(std::move(name));
}

}  // namespace

void read_vault(const cursor& at, const std::string& session_cookie, server::vault_params& out) {
    const map_reader m(at);
    const cursor cookies = m["cookies"];
    if (cookies.is(node_kind::scalar)) return read_name(cookies, session_cookie, out);
    for (const auto& item : items_of(cookies)) read_name(item, session_cookie, out);
    if (out.all && !out.cookies.empty())
        cookies.error("names cookies beside \"*\", which is all of them (one of the two)");
}

}  // namespace vestibule::config

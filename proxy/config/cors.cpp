#include "config/origins.hpp"
#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

// In answers to requests with credentials browsers take "*" for a name like others.
void refuse_star(const cursor& at, std::string_view names) {
    at.error("\"*\" is only good for answers without credentials (name " + std::string(names) +
             ", or credentials: false)");
}

void read_allowed(const cursor& at, bool credentials, std::vector<std::string>& out) {
    for (const auto& item : items_of(at)) {
        std::string origin;
        if (!read_text(item, origin)) continue;
        if (origin == "*" && credentials)
            refuse_star(item, "the origins");
        else if (origin == "*" || check_origin(item, origin))
            out.push_back(std::move(origin));
    }
}

void read_names(const cursor& at, bool credentials, const char* kind, std::vector<std::string>& out) {
    if (at.absent()) return;
    out.clear();
    for (const auto& item : items_of(at)) {
        std::string name;
        if (!read_text(item, name)) continue;
        if (!is_token(name))
            item.error(item.shown() + " is no " + kind + " name");
        else if (name == "*" && credentials)
            refuse_star(item, "each");
        else
            out.push_back(std::move(name));
    }
}

}  // namespace

void read_cors(const cursor& at, policy::cors_params& out) {
    const map_reader m(at);
    // Where this is no boolean, "*" is no second problem.
    const bool credentials = read_boolean(m["credentials"], out.credentials) && out.credentials;
    read_allowed(m["allow_origins"], credentials, out.allow_origins);
    read_names(m["allow_methods"], credentials, "method", out.allow_methods);
    if (m["allow_methods"].empty())
        m["allow_methods"].error("names no method (leave the key out for the usual)");
    read_names(m["allow_headers"], credentials, "header", out.allow_headers);
    read_names(m["expose_headers"], credentials, "header", out.expose_headers);
    read_duration_or_zero(m["max_age"], out.max_age, {1s, 24h});
}

}  // namespace vestibule::config

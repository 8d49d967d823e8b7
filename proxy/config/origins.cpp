#include "config/origins.hpp"

#include <vestibule/http/origin.hpp>

namespace vestibule::config {
namespace {

// Why it is no origin; empty where it is one.
std::string_view problem_of(std::string_view text) {
    if (text == "null") return "is what any sandboxed page or local file sends (name an origin)";
    const auto scheme = text.find("://");
    if (scheme != text.npos && text.find('*') != text.npos)
        return "has a wildcard (name each origin, like https://app.example.com)";
    if (scheme != text.npos && text.find_first_of("/?#", scheme + 3) != text.npos)
        return "has something behind the host (scheme://host[:port] alone)";
    return http::parse_origin(text) ? ""
                                    : "is no origin (scheme://host[:port], like https://app.example.com)";
}

}  // namespace

bool check_origin(const cursor& at, std::string_view text) {
    // It may hold a password: not shown.
    if (text.find('@') != text.npos) {
        at.error("names a user (scheme://host[:port] alone)");
        return false;
    }
    const auto problem = problem_of(text);
    if (!problem.empty()) at.error(at.shown() + " " + std::string(problem));
    return problem.empty();
}

void read_origins(const cursor& at, std::vector<std::string>& out) {
    for (const auto& item : items_of(at))
        if (std::string text; read_text(item, text) && check_origin(item, text))
            out.push_back(std::move(text));
}

}  // namespace vestibule::config

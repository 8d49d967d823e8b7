#include "config/route_checks.hpp"

#include <vestibule/http/path.hpp>
#include <vestibule/policy/policy.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::config {
namespace {

using policy::session_mode;

// Stands for every method, host and path segment that no route names.
constexpr std::string_view anything = "~anything~";

std::string_view or_anything(const std::string& text) noexcept {
    return text.empty() ? anything : std::string_view(text);
}

/// Whether routes before `index` take every request that it would match. Asked of the route table
/// itself, with requests that only a route as wide as this one matches.
bool is_covered(const policy::route_table& table, std::size_t index) {
    const auto& route = table.at(index);
    auto path = route.path;
    if (path.ends_with("/*")) path.replace(path.size() - 1, 1, anything);
    const auto earlier_takes = [&](std::string_view method) {
        return table.match({method, path, or_anything(route.host)}) < index;
    };
    if (route.methods.empty()) return earlier_takes(anything);
    for (const auto& method : route.methods)
        if (!earlier_takes(method)) return false;
    return true;
}

/// The route that a denied visitor's next request would match; nothing where it leaves this site.
std::optional<std::size_t> next_route(const policy::route_table& table, std::size_t index,
                                      std::string_view host) {
    const auto& redirect = table.at(index).deny.redirect;
    if (table.at(index).session != session_mode::required || !redirect || !redirect->starts_with('/'))
        return std::nullopt;
    auto target = *redirect;
    target.resize(std::min(target.find_first_of("?#"), target.size()));
    http::normal_target normal;
    if (http::normalise_target(target, normal)) return std::nullopt;
    return table.match({"GET", normal.match_path, host});
}

/// Whether who is denied at `index` comes back to it, denied at every step. Browsers give up after 20.
bool goes_in_circles(const policy::route_table& table, std::size_t index) {
    const auto host = or_anything(table.at(index).host);
    auto next = next_route(table, index, host);
    for (int step = 0; step < 20 && next; ++step) {
        if (*next == index) return true;
        next = next_route(table, *next, host);
    }
    return false;
}

}  // namespace

void check_routes(const std::vector<route_place>& places, const policy::policy_params& params) {
    const policy::route_table table(params);
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& redirect = places[i].redirect;
        if (is_covered(table, i)) {
            places[i].whole.warn(
                "never matches: routes before it take all its requests (move it up, or leave it out)");
        } else if (goes_in_circles(table, i)) {
            redirect.error(redirect.shown() +
                           " leads back to this route, which denies it again (a route "
                           "with session: issue for it, before this one)");
        }
    }
}

}  // namespace vestibule::config

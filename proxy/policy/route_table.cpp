#include <vestibule/policy/policy.hpp>

#include <vestibule/http/framing.hpp>

#include <algorithm>
#include <utility>

namespace vestibule::policy {
namespace {

// "Example.com.:8080" is example.com, "[::1]:8080" is ::1; a bare "::1" has no port.
std::string_view host_name(std::string_view host) noexcept {
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    const std::size_t colon = host.find(':');
    if (colon == host.rfind(':')) host = host.substr(0, colon);
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

// "/x/*" covers "/x" too: no rule is left by dropping a slash.
bool path_matches(std::string_view pattern, std::string_view path) noexcept {
    if (!pattern.ends_with("/*")) return path == pattern;
    pattern.remove_suffix(2);
    return path.starts_with(pattern) && (path.size() == pattern.size() || path[pattern.size()] == '/');
}

// A route that closes something is for every spelling in which a backend may serve it: Express, ASP.NET and
// Windows take /Account for /account, Express /account/ too, and PHP and CGI run /a.php for /a.php/x.
bool may_be_served_as(std::string_view pattern, std::string_view path) noexcept {
    const bool prefix = pattern.ends_with("/*");
    pattern.remove_suffix(prefix ? 2 : pattern.ends_with('/') ? 1 : 0);
    if (!http::iequals(path.substr(0, pattern.size()), pattern)) return false;
    const std::string_view below = path.substr(pattern.size());
    if (below.empty() || below == "/") return true;
    const bool script = pattern.find('.', pattern.rfind('/') + 1) != pattern.npos;
    return below.starts_with('/') && (prefix || script);
}

bool method_matches(const std::vector<std::string>& methods, std::string_view method) noexcept {
    const bool head = http::iequals(method, "HEAD");
    return methods.empty() || std::any_of(methods.begin(), methods.end(), [&](const std::string& m) {
               return http::iequals(m, method) || (head && http::iequals(m, "GET"));
           });
}

bool host_matches(std::string_view wanted, std::string_view host) noexcept {
    return wanted.empty() || http::iequals(host_name(wanted), host_name(host));
}

bool takes(const route_params& route, const request_facts& r) noexcept {
    const auto matches = route.session == session_mode::required ? may_be_served_as : path_matches;
    return matches(route.path, r.match_path) && method_matches(route.methods, r.method) &&
           host_matches(route.host, r.host);
}

}  // namespace

bool covers(std::string_view path, const std::vector<std::string>& methods, const request_facts& r) noexcept {
    return path_matches(path, r.match_path) && method_matches(methods, r.method);
}

route_table::route_table(policy_params params) : params_(std::move(params)) {}

std::size_t route_table::match(const request_facts& r) const noexcept {
    for (std::size_t i = 0; i < size(); ++i)
        if (takes(params_.routes[i], r)) return i;
    return size();
}

const route_params& route_table::at(std::size_t index) const noexcept {
    return index < size() ? params_.routes[index] : fallback_;
}

std::string_view route_table::name(std::size_t index) const noexcept {
    return index < size() ? std::string_view(params_.routes[index].path) : "default";
}

}  // namespace vestibule::policy

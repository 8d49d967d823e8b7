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

bool method_matches(const std::vector<std::string>& methods, std::string_view method) noexcept {
    const bool head = http::iequals(method, "HEAD");
    return methods.empty() || std::any_of(methods.begin(), methods.end(), [&](const std::string& m) {
               return http::iequals(m, method) || (head && http::iequals(m, "GET"));
           });
}

bool host_matches(std::string_view wanted, std::string_view host) noexcept {
    return wanted.empty() || http::iequals(host_name(wanted), host_name(host));
}

}  // namespace

bool covers(std::string_view path, const std::vector<std::string>& methods, const request_facts& r) noexcept {
    return path_matches(path, r.match_path) && method_matches(methods, r.method);
}

route_table::route_table(policy_params params) : params_(std::move(params)) {}

std::size_t route_table::match(const request_facts& r) const noexcept {
    for (std::size_t i = 0; i < size(); ++i) {
        const route_params& route = params_.routes[i];
        if (covers(route.path, route.methods, r) && host_matches(route.host, r.host)) return i;
    }
    return size();
}

const route_params& route_table::at(std::size_t index) const noexcept {
    return index < size() ? params_.routes[index] : fallback_;
}

std::string_view route_table::name(std::size_t index) const noexcept {
    return index < size() ? std::string_view(params_.routes[index].path) : "default";
}

}  // namespace vestibule::policy

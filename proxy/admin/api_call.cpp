#include "admin/api_call.hpp"

#include <vestibule/base/utf8.hpp>
#include <vestibule/session/directory.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>
#include <vector>

namespace vestibule::admin {
namespace {

namespace urls = boost::urls;

constexpr std::size_t most_listed = 1000;

api_answer bad_request(std::string_view message) {
    return failure(http::status::bad_request, "bad_request", message);
}

api_answer not_found() {
    return failure(http::status::not_found, "not_found", "there is no such endpoint");
}

bool read_limit(std::string_view text, std::size_t& out) noexcept {
    const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failed == std::errc() && stop == text.data() + text.size() && out >= 1 && out <= most_listed;
}

bool read_flag(std::string_view text, bool& out) noexcept {
    out = text == "1" || text == "true";
    return out || text == "0" || text == "false";
}

bool is_user(std::string_view text) noexcept {
    return !text.empty() && valid_utf8(text);
}

/// What is wrong with the query; nothing: it is in `c`.
std::optional<std::string> read_query(const urls::url_view& target, api_call& c) {
    const bool one = c.action == api_action::show || c.action == api_action::revoke;
    std::vector<std::string> seen;
    for (const auto& p : target.params()) {
        const std::string name(p.key), value(p.value);
        if (name.empty() && !p.has_value) continue;  // "?" alone
        bool known = true, good = true;
        if (name == "user" && c.action != api_action::revoke_all) {
            good = is_user(value);
            c.user = value;
        } else if (name == "limit" && c.action == api_action::list) {
            good = read_limit(value, c.limit);
        } else if (name == "cursor" && c.action == api_action::list) {
            good = session::is_page_mark(value);
            c.cursor = value;
        } else if (name == "content" && one && c.action == api_action::show) {
            good = read_flag(value, c.content);
        } else {
            known = false;
        }
        if (!known) return "a query parameter is not known here";
        if (!good) return "bad value of query parameter " + name;
        for (const std::string& s : seen)
            if (s == name) return "query parameter " + name + " comes twice";
        seen.push_back(name);
    }
    return {};
}

}  // namespace

std::variant<api_call, api_answer> read_call(http::verb method, std::string_view target) {
    const auto parsed = urls::parse_origin_form({target.data(), target.size()});
    if (!parsed) return bad_request("the target is no path with a query");
    std::vector<std::string> path;
    for (const auto& segment : parsed->segments()) path.emplace_back(segment);
    const bool reads = method == http::verb::get || method == http::verb::head;
    const bool removes = method == http::verb::delete_;

    api_call c;
    std::string_view allow = "GET, HEAD";
    if (path.size() < 2 || path[0] != "api") return not_found();
    if (path[1] == "sessions" && path.size() == 2) {
        c.action = api_action::list;
    } else if (path[1] == "sessions" && path.size() == 3 && path[2] == "count") {
        c.action = api_action::count;
    } else if (path[1] == "sessions" && path.size() == 3) {
        if (!session::is_handle(path[2]))
            return failure(http::status::not_found, "not_found", "that is no handle of a session");
        c.handle = path[2];
        c.action = removes ? api_action::revoke : api_action::show;
        allow = "GET, HEAD, DELETE";
    } else if (path[1] == "users" && path.size() == 4 && path[3] == "sessions") {
        if (!is_user(path[2])) return bad_request("that is no user");
        c.user = path[2];
        c.action = api_action::revoke_all;
        allow = "DELETE";
    } else {
        return not_found();
    }
    const bool changes = c.action == api_action::revoke || c.action == api_action::revoke_all;
    if (changes ? !removes : !reads) {
        api_answer a = failure(http::status::method_not_allowed, "method_not_allowed",
                               "that is not done with a session");
        a.allow = allow;
        return a;
    }
    if (const auto wrong = read_query(*parsed, c)) return bad_request(*wrong);
    return c;
}

}  // namespace vestibule::admin

#include "config/request_match.hpp"

#include "config/text_form.hpp"

#include <vestibule/http/path.hpp>

#include <algorithm>

namespace vestibule::config {
namespace {

void read_method(const cursor& at, std::vector<std::string>& out) {
    static const std::vector<std::string_view> usual{"GET",
                                                     "HEAD",
                                                     "POST",
                                                     "PUT",
                                                     "DELETE",
                                                     "CONNECT",
                                                     "OPTIONS",
                                                     "TRACE",
                                                     "PATCH",
                                                     "ACL",
                                                     "BIND",
                                                     "CHECKIN",
                                                     "CHECKOUT",
                                                     "COPY",
                                                     "LABEL",
                                                     "LINK",
                                                     "LOCK",
                                                     "MERGE",
                                                     "MKCOL",
                                                     "MOVE",
                                                     "PRI",
                                                     "PROPFIND",
                                                     "PROPPATCH",
                                                     "QUERY",
                                                     "REBIND",
                                                     "REPORT",
                                                     "SEARCH",
                                                     "UNBIND",
                                                     "UNLINK",
                                                     "UNLOCK",
                                                     "PURGE",
                                                     "UNCHECKOUT",
                                                     "UPDATE",
                                                     "MKACTIVITY",
                                                     "MKCALENDAR",
                                                     "MKWORKSPACE",
                                                     "BASELINE-CONTROL",
                                                     "ORDERPATCH",
                                                     "VERSION-CONTROL",
                                                     "MKREDIRECTREF",
                                                     "UPDATEREDIRECTREF",
                                                     "SUBSCRIBE",
                                                     "UNSUBSCRIBE",
                                                     "NOTIFY",
                                                     "M-SEARCH"};
    std::string method;
    if (!read_text(at, method)) return;
    if (!is_token(method)) return at.error(at.shown() + " is no method (like GET)");
    std::string upper = method;
    for (auto& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    if (std::find(usual.begin(), usual.end(), upper) == usual.end()) {
        const auto near = nearest(upper, usual);
        at.warn(at.shown() + " is an unusual method" +
                (near ? " (did you mean " + std::string(*near) + "?)" : ""));
    }
    out.push_back(std::move(method));
}

/// 302, or 200-399.
void read_status(const cursor& at, std::vector<std::pair<unsigned, unsigned>>& out) {
    std::string text;
    if (!read_text(at, text)) return;
    const auto dash = text.find('-');
    const auto first = parse_count(text.substr(0, dash));
    const auto last = dash == text.npos ? first : parse_count(text.substr(dash + 1));
    if (!first || !last || *first < 200 || *last > 599 || *first > *last)
        return at.error(at.shown() + " is no status of an answer (like 302 or 200-399)");
    out.emplace_back(static_cast<unsigned>(*first), static_cast<unsigned>(*last));
}

}  // namespace

// A pattern is compared with normalised paths: one in another form would never match.
void read_path_pattern(const cursor& at, std::string& out) {
    std::string path = out;
    if (at.absent() || !read_text(at, path)) return;
    const bool prefix = path.ends_with("/*");
    const auto fixed = path.substr(0, path.size() - (prefix ? 1 : 0));
    if (!path.starts_with('/')) return at.error(at.shown() + " does not begin with / (like /account/*)");
    if (fixed.find('*') != fixed.npos)
        return at.error(at.shown() +
                        " has a * that is not the end of /* (an exact path, or a prefix like /account/*)");
    http::normal_target normal;
    if (http::normalise_target(fixed, normal))
        return at.error(at.shown() +
                        " is a path that is always refused (no space, control, backslash, #, %2F, %5C, or .. "
                        "above the root)");
    if (normal.match_path != fixed)
        return at.error(at.shown() + " is not in normal form and would never match (\"" +
                        printable(normal.match_path) + (prefix ? "*" : "") + "\")");
    out = path;
}

void read_methods(const cursor& at, std::vector<std::string>& out) {
    if (at.absent()) return;
    if (at.is(node_kind::scalar)) return read_method(at, out);
    if (at.empty()) at.error("names no method (leave the key out for all)");
    for (const auto& item : items_of(at)) read_method(item, out);
}

void read_statuses(const cursor& at, std::vector<std::pair<unsigned, unsigned>>& out) {
    if (at.absent()) return;
    out.clear();
    if (at.is(node_kind::scalar)) return read_status(at, out);
    if (at.empty()) at.error("names no status (leave the key out for 200-399)");
    for (const auto& item : items_of(at)) read_status(item, out);
}

}  // namespace vestibule::config

#include "config/header_names.hpp"

#include "config/text_form.hpp"

#include <vestibule/http/field_names.hpp>
#include <vestibule/http/forwarding.hpp>

#include <algorithm>
#include <string_view>

namespace vestibule::config {
namespace {

/// Names that frame a message, route it, or are written by the proxy itself: to strip or set one of
/// them would break the request, or forge what others rely on.
constexpr std::string_view reserved[] = {"Connection",
                                         "Keep-Alive",
                                         "Proxy-Connection",
                                         "Proxy-Authenticate",
                                         "Proxy-Authorization",
                                         "TE",
                                         "Trailer",
                                         "Transfer-Encoding",
                                         "Upgrade",
                                         "Host",
                                         "Content-Length",
                                         "Content-Type",
                                         "Content-Encoding",
                                         "Expect",
                                         "Cookie",
                                         "Set-Cookie",
                                         "X-Request-Id",
                                         "traceparent",
                                         "tracestate",
                                         "Via",
                                         "Date"};

bool is_reserved(std::string_view name) {
    return http::is_forwarding_name(name) ||
           std::any_of(std::begin(reserved), std::end(reserved),
                       [&](std::string_view r) { return http::equivalent_names(name, r); });
}

}  // namespace

bool name_judge::accept(const cursor& at, const std::string& name) {
    const auto shown = "\"" + printable(name) + "\"";
    if (!is_token(name)) {
        at.error(shown + " is no header name (letters, digits and '-')");
        return false;
    }
    if (is_reserved(name)) {
        at.error(shown +
                 " frames or routes the request and cannot be injected (a name of your own, like "
                 "X-Session-User)");
        return false;
    }
    for (const auto& [other, path] : accepted_) {
        if (!http::equivalent_names(name, other)) continue;
        at.error(shown + " is the same header as " + path + " (\"" + other +
                 "\") to a backend: only letters and digits count, in any case");
        return false;
    }
    accepted_.emplace_back(name, at.path());
    return true;
}

}  // namespace vestibule::config

#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <vestibule/http/field_names.hpp>
#include <vestibule/http/forwarding.hpp>

#include <algorithm>

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

/// Judges header names against the rules and against those before them.
class name_judge {
  public:
    bool accept(const cursor& at, const std::string& name) {
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

  private:
    std::vector<std::pair<std::string, std::string>> accepted_;  // name, path
};

/// A header name, or off (also as "") for none.
void read_header_name(const cursor& at, std::string& out, name_judge& judge) {
    std::string name = out;
    if (!read_text(at, name)) return;
    if (name.empty() || parse_boolean(name) == false) {
        out.clear();
    } else if (judge.accept(at, name)) {
        out = name;
    }
}

}  // namespace

void read_inject(const cursor& at, server::inject_params& out) {
    const map_reader m(at);
    name_judge judge;
    read_header_name(m["state"], out.state, judge);
    read_header_name(m["id"], out.id, judge);
    for (const auto& e : entries_of(m["headers"])) {
        std::string text;
        const bool named = judge.accept(e.name, e.key);
        if (!read_text(e.value, text)) continue;
        auto pointer = session::json_pointer::parse(text);
        if (!pointer || text.empty()) {
            e.value.error(e.value.shown() + " is no JSON Pointer (like /user/id; RFC 6901)");
        } else if (named) {
            out.headers.push_back({e.key, std::move(*pointer)});
        }
    }
}

}  // namespace vestibule::config

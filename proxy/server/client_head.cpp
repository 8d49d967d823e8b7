#include "server/client_head.hpp"

#include "server/backend_head.hpp"

#include <vestibule/http/cache_control.hpp>
#include <vestibule/http/cookies.hpp>

#include <charconv>

namespace vestibule::server {

using http::field_id;

namespace {

bool sets_our_cookie(const site& s, const http::field& f, std::string_view& value) {
    if (f.id != field_id::set_cookie) return false;
    std::string_view rest = f.value;
    const auto first = http::next_cookie(rest);
    if (!first || first->name != s.params.session.cookie.name) return false;
    value = first->value;
    return true;
}

// An empty value is how express clears a cookie.
bool acceptable_value(const site& s, std::string_view value) {
    return value.empty() || s.signer.verify(value).has_value();
}

}  // namespace

backend_cookie judge_backend_cookies(const site& s, const http::field_list& fields) {
    auto judged = backend_cookie::untouched;
    std::string_view value;
    for (const http::field& f : fields) {
        if (!sets_our_cookie(s, f, value)) continue;
        if (!acceptable_value(s, value)) return backend_cookie::refused;
        judged = backend_cookie::valid;
    }
    return judged;
}

void build_client_head(std::string& out, const site& s, const http::response_head& head,
                       backend_cookie cookie, const client_head_plan& plan) {
    out.clear();
    out += "HTTP/1.1 ";
    char digits[4];
    std::to_chars(digits, digits + sizeof digits, head.status);
    out.append(digits, 3);
    out += ' ';
    out += head.reason;
    out += "\r\n";

    const bool private_only = !plan.set_cookie.empty() || cookie == backend_cookie::valid || plan.vaulted;
    bool nominations = false;
    for (const http::field& f : head.fields)
        nominations = nominations || (f.id == field_id::connection && !http::iequals(f.value, "close") &&
                                      !http::iequals(f.value, "keep-alive"));
    // RFC 9110 8.6: no length where there can be no body.
    const bool no_length = plan.chunked || head.status < 200 || head.status == 204;
    std::string_view ignored;
    for (const http::field& f : head.fields) {
        if (is_hop_by_hop(f) || (f.id == field_id::content_length && no_length)) continue;
        if (cookie == backend_cookie::refused && sets_our_cookie(s, f, ignored)) continue;
        if (f.id == field_id::set_cookie && s.vault.on() && s.vault.hides(f.value)) continue;
        if (f.id == field_id::set_cookie2 && s.vault.on()) continue;  // browsers do not know it
        if (f.id == field_id::unknown && s.control.contains(f.name)) continue;
        if (private_only && http::is_shared_cache_field(f)) continue;
        if (plan.cors && policy::is_cors_field(f)) continue;
        if (nominations && f.id != field_id::content_length && is_nominated(head.fields, f.name)) continue;
        http::append_field(out, f.name, f.value);
    }
    if (private_only) http::append_private_cache_control(out, head.fields);
    if (plan.cors && head.status >= 200) policy::append_vary_origin(out, head.fields);
    out += plan.cors_lines;
    out += plan.set_cookie;
    if (plan.chunked) out += "Transfer-Encoding: chunked\r\n";
    if (plan.chunked) append_announced_trailers(out, head.fields, s.stripped);
    if (plan.upgrade) {
        out += "Upgrade: ";
        out += head.fields.find(field_id::upgrade);
        out += "\r\nConnection: Upgrade\r\n";
    } else if (plan.close) {
        out += "Connection: close\r\n";
    } else if (plan.keep_alive_1_0) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
}

}  // namespace vestibule::server

#include <vestibule/policy/policy.hpp>

#include <vestibule/http/framing.hpp>
#include <vestibule/session/cookie_value.hpp>

#include <algorithm>

namespace vestibule::policy {
namespace {

constexpr std::string_view placeholder = "{target}";

bool met(const requirement& r, const session::document& doc) noexcept {
    const auto value = doc.find(r.pointer);
    if (!value) return false;
    if (r.present) return session::is_present(*value);
    return std::any_of(r.any_of.begin(), r.any_of.end(),
                       [&](const std::string& one) { return session::equals_text(*value, one); });
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view take_part(std::string_view& rest, char separator) noexcept {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

// "q=0" to "q=0.000": not acceptable (RFC 9110, section 12.4.2).
bool zero_weight(std::string_view parameter) noexcept {
    if (parameter.size() < 3 || !http::iequals(parameter.substr(0, 2), "q=")) return false;
    return parameter.substr(2).find_first_not_of("0.") == parameter.npos;
}

bool lists_html(std::string_view accept) noexcept {
    while (!accept.empty()) {
        std::string_view range = take_part(accept, ',');
        if (!http::iequals(take_part(range, ';'), "text/html")) continue;
        bool acceptable = true;
        while (!range.empty()) acceptable = !zero_weight(take_part(range, ';')) && acceptable;
        if (acceptable) return true;
    }
    return false;
}

bool is_navigation(const navigation_facts& n) noexcept {
    if (!n.sec_fetch_mode.empty()) return http::iequals(n.sec_fetch_mode, "navigate");
    return lists_html(n.accept);
}

std::string location_for(std::string_view redirect, std::string_view target) {
    const std::string encoded = session::encode_uri_component(target);
    std::string out;
    for (;;) {
        const std::size_t at = redirect.find(placeholder);
        out += redirect.substr(0, at);
        if (at == redirect.npos) return out;
        out += encoded;
        redirect.remove_prefix(at + placeholder.size());
    }
}

}  // namespace

bool meets(const std::vector<requirement>& require, const session::document* doc) noexcept {
    return doc &&
           std::all_of(require.begin(), require.end(), [&](const requirement& r) { return met(r, *doc); });
}

bool goes_on_without_store(const route_params& r, failure_policy usual) noexcept {
    if (r.session == session_mode::required) return false;
    return r.session == session_mode::off || r.on_failure.value_or(usual) == failure_policy::anonymous;
}

denial_answer answer_denial(const denial& d, const navigation_facts& n) {
    if (!d.redirect || !is_navigation(n)) return {d.status, {}};
    const bool safe = http::iequals(n.method, "GET") || http::iequals(n.method, "HEAD");
    return {safe ? 302u : 303u, location_for(*d.redirect, n.target)};
}

}  // namespace vestibule::policy

#include "server/capture.hpp"

#include <vestibule/base/utf8.hpp>
#include <vestibule/http/cookies.hpp>
#include <vestibule/http/field_names.hpp>
#include <vestibule/http/form.hpp>
#include <vestibule/http/framing.hpp>

#include <algorithm>

namespace vestibule::server {

using http::field_id;
using place = capture_source::place;
using session::ending;

namespace {

constexpr std::string_view patch_name = "X-Session-Patch", regenerate_name = "X-Session-Regenerate",
                           destroy_name = "X-Session-Destroy";

bool covers(const capture_rule& rule, const policy::request_facts& request) noexcept {
    return policy::covers(rule.path, rule.methods, request);
}

bool matches(const capture_rule& rule, const policy::request_facts& request, unsigned status) noexcept {
    return covers(rule, request) &&
           std::any_of(rule.status.begin(), rule.status.end(),
                       [&](const auto& range) { return status >= range.first && status <= range.second; });
}

bool takes_from(const capture_rule& rule, place p) noexcept {
    return std::any_of(rule.set.begin(), rule.set.end(),
                       [&](const capture_set& s) { return s.source.from == p; });
}

// application/json, or application/<token>+json.
bool is_json(std::string_view content_type) noexcept {
    if (http::is_media_type(content_type, "application/json")) return true;
    const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
    return type.starts_with("application/") && type.ends_with("+json") &&
           type.find_first_of(",/", std::string_view("application/").size()) == type.npos &&
           http::is_media_type(content_type, type);
}

// A text from a message as JSON; nothing where it is no text.
std::optional<std::string> as_json(std::string_view text) {
    if (!valid_utf8(text)) return {};
    return session::json_string(text);
}

std::optional<std::string> field_of_form(const std::string& name, const capture_facts& f) {
    if (f.request_body == nullptr || !f.request_body->whole) return {};
    const std::string_view body = f.request_body->text;
    // Backends that look into the query, too, or do not care for the type, have to find the same.
    if (http::form_mentions(f.request_query, name)) return {};
    const auto member = session::json_at(body, session::json_pointer::of({name}));
    if (is_json(f.request_type)) {
        if (!member || http::form_mentions(body, name) || !session::names_once(body, name)) return {};
        return std::string(*member);
    }
    if (member || !http::is_media_type(f.request_type, "application/x-www-form-urlencoded")) return {};
    const auto value = http::form_value(body, name);
    return value ? as_json(*value) : std::nullopt;
}

// Whether some reader could find that field in the request.
bool is_somewhere(const std::string& name, const capture_facts& f) {
    if (http::form_mentions(f.request_query, name)) return true;
    return f.request_body != nullptr &&
           (http::form_mentions(f.request_body->text, name) ||
            session::json_at(f.request_body->text, session::json_pointer::of({name})));
}

std::optional<std::string> cookie_of(const std::string& name, const http::field_list& answer) {
    for (const http::field& f : answer) {
        if (f.id != field_id::set_cookie) continue;
        std::string_view rest = f.value;
        if (const auto first = http::next_cookie(rest); first && first->name == name)
            return as_json(first->value);
    }
    return {};
}

std::optional<std::string> taken(const capture_source& s, const capture_facts& f) {
    switch (s.from) {
        case place::value: return as_json(s.name);
        case place::form: return field_of_form(s.name, f);
        case place::cookie: return cookie_of(s.name, f.answer.fields);
        case place::header: {
            const std::string_view value = f.answer.fields.find_named(s.name);
            return value.empty() ? std::nullopt : as_json(value);
        }
        case place::json: {
            if (f.answer_body == nullptr || !f.answer_body->whole) return {};
            const auto value = session::json_at(f.answer_body->text, s.pointer);
            return value ? std::optional(std::string(*value)) : std::nullopt;
        }
    }
    return {};
}

bool is_true(std::string_view value) noexcept {
    return http::iequals(value, "true") || value == "1";
}

}  // namespace

capture_needs needs_of(std::span<const capture_rule> rules, const policy::request_facts& request) noexcept {
    capture_needs n;
    for (const capture_rule& rule : rules) {
        if (!covers(rule, request)) continue;
        n.any = true;
        n.form = n.form || takes_from(rule, place::form);
        n.json = n.json || takes_from(rule, place::json);
    }
    return n;
}

bool wants_body(std::span<const capture_rule> rules, const policy::request_facts& request,
                const http::response_head& answer) noexcept {
    const std::string_view coding = answer.fields.find(field_id::content_encoding);
    if (!is_json(answer.fields.find(field_id::content_type))) return false;
    if (!coding.empty() && !http::iequals(coding, "identity")) return false;
    return std::any_of(rules.begin(), rules.end(), [&](const capture_rule& rule) {
        return matches(rule, request, answer.status) && takes_from(rule, place::json);
    });
}

bool append_captured(session::session_changes& out, std::span<const capture_rule> rules,
                     const capture_facts& f) {
    bool clear = true;
    for (const capture_rule& rule : rules) {
        if (!matches(rule, f.request, f.answer.status)) continue;
        out.end = std::max(out.end, rule.end);
        out.regenerate = out.regenerate || rule.regenerate;
        for (const capture_set& s : rule.set) {
            if (auto json = taken(s.source, f))
                out.set.push_back({s.at, *std::move(json)});
            else
                clear = clear && !(s.source.from == place::form && is_somewhere(s.source.name, f));
        }
    }
    return clear;
}

std::vector<std::string> control_names() {
    return {std::string(patch_name), std::string(regenerate_name), std::string(destroy_name)};
}

std::optional<std::string_view> append_control(session::session_changes& out, const control_params& p,
                                               const http::field_list& answer) {
    std::string_view patch;
    std::optional<std::string_view> wrong;
    for (const http::field& f : answer) {
        if (http::iequals(f.name, regenerate_name)) {
            out.regenerate = out.regenerate || is_true(f.value);
        } else if (http::iequals(f.name, destroy_name)) {
            if (http::iequals(f.value, "all"))
                out.end = ending::all;
            else if (is_true(f.value))
                out.end = std::max(out.end, ending::one);
            else
                wrong = "X-Session-Destroy is neither true nor all";
        } else if (http::iequals(f.name, patch_name)) {
            if (patch.data() != nullptr) return "there are several patches";
            patch = f.value;
        }
    }
    if (patch.data() == nullptr) return wrong;
    if (const auto why = session::check_patch(patch, p.allow)) return why;
    out.merge_patch = patch;
    return wrong;
}

}  // namespace vestibule::server

#include "server/capture.hpp"

#include <vestibule/base/utf8.hpp>
#include <vestibule/http/cookie_names.hpp>
#include <vestibule/http/field_names.hpp>
#include <vestibule/http/form.hpp>
#include <vestibule/http/framing.hpp>
#include <vestibule/http/received_cookie.hpp>

#include <algorithm>

namespace vestibule::server {

using http::field_id;
using place = capture_source::place;
using session::ending;

namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded",
                           multipart_type = "multipart/form-data";
constexpr std::string_view ambiguous = "it can be read in more than one way", too_long = "it is too long";
constexpr std::string_view bom = "\xEF\xBB\xBF";

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

// Bodies that come piece by piece for as long as they like, each piece for itself.
bool is_stream(std::string_view content_type) noexcept {
    for (const std::string_view type :
         {"text/event-stream", "multipart/x-mixed-replace", "application/x-ndjson", "application/ndjson",
          "application/jsonl", "application/json-seq", "application/stream+json"})
        if (http::is_media_type(content_type, type)) return true;
    return false;
}

// A text of the answer as JSON. What is no UTF-8 is ISO-8859-1, as header fields have always been.
std::string answered(std::string_view text) {
    if (valid_utf8(text)) return session::json_string(text);
    std::string utf8;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80) utf8 += static_cast<char>(0xC0 | byte >> 6);
        utf8 += byte < 0x80 ? c : static_cast<char>(0x80 | (byte & 0x3F));
    }
    return session::json_string(utf8);
}

bool cookies_mention(std::string_view cookies, std::string_view name) noexcept {
    while (!cookies.empty()) {
        const std::string_view part = cookies.substr(0, cookies.find(';'));
        if (http::may_hold_cookie(part, name)) return true;
        cookies.remove_prefix(std::min(part.size() + 1, cookies.size()));
    }
    return false;
}

std::optional<std::string_view> member_of(std::string_view body, const std::string& name) {
    return session::json_at(body, session::json_pointer::of({name}));
}

// Whether the bytes of the body are what they seem to be.
bool is_plain(const request_form& form) noexcept {
    return !form.coded && http::has_usual_charset(form.type);
}

struct field_found {
    std::optional<std::string> json{};
    std::string_view why{};  // it is not taken, although it may be there
};

// The field in a body that is there as a whole and plain, and in which somebody could find it. Backends that
// look into the query or the cookies, too, or do not care for the type, have to find the same.
field_found read_field(const std::string& name, const request_form& form, std::string_view body) {
    if (http::form_mentions(form.query, name) || cookies_mention(form.cookies, name))
        return {.why = ambiguous};
    const auto member = member_of(body, name);
    if (is_json(form.type)) {
        const bool scalar = member && member->front() != '{' && member->front() != '[';
        if (!scalar || http::form_mentions(body, name) || !session::names_once(body, name))
            return {.why = ambiguous};
        return {std::string(*member)};
    }
    if (member || !http::is_media_type(form.type, form_type)) return {.why = ambiguous};
    const auto value = http::form_value(body, name);
    if (!value) return {.why = ambiguous};
    if (!valid_utf8(*value)) return {.why = "it is not UTF-8"};
    return {session::json_string(*value)};
}

field_found field_of_form(const std::string& name, const capture_facts& f) {
    if (f.form == nullptr || f.request_body == nullptr) return {};
    if (!f.request_body->whole) return {.why = too_long};
    const std::string_view body = f.request_body->text;
    if (http::is_media_type(f.form->type, multipart_type))
        return {.why = body.find(name) == body.npos ? std::string_view() : "it is multipart/form-data"};
    if (!body.empty() && !is_plain(*f.form)) return {.why = ambiguous};
    if (!http::form_mentions(f.form->query, name) && !http::form_mentions(body, name) &&
        !member_of(body, name))
        return {};
    return read_field(name, *f.form, body);
}

// The last that is not deleted again in the same breath: with browsers the last one counts.
std::optional<std::string> cookie_of(const std::string& name, const capture_facts& f) {
    std::optional<std::string_view> last;
    for (const http::field& each : f.answer.fields) {
        if (each.id != field_id::set_cookie) continue;
        const auto c = http::read_set_cookie(each.value, f.now);
        if (c && c->name == name && !c->value.empty() && (!c->expires || *c->expires > f.now))
            last = c->value;
    }
    return last ? std::optional(answered(*last)) : std::nullopt;
}

std::string_view without_bom(std::string_view text) noexcept {
    return text.substr(text.starts_with(bom) ? bom.size() : 0);
}

std::optional<std::string> member_of_answer(const session::json_pointer& p, const capture_facts& f) {
    if (f.answer_body == nullptr) return {};
    const auto value = session::json_at(without_bom(f.answer_body->text), p);
    return value ? std::optional(std::string(*value)) : std::nullopt;
}

std::optional<std::string> header_of(const std::string& name, const http::field_list& answer) {
    const std::string_view value = answer.find_named(name);
    return value.empty() ? std::nullopt : std::optional(answered(value));
}

field_found taken(const capture_source& s, const capture_facts& f) {
    switch (s.from) {
        case place::value: return {session::json_string(s.name)};
        case place::form: return field_of_form(s.name, f);
        case place::cookie: return {cookie_of(s.name, f)};
        case place::header: return {header_of(s.name, f.answer.fields)};
        case place::json: return {member_of_answer(s.pointer, f)};
    }
    return {};
}

// What keeps every rule from a body that was held.
std::string_view wrong_with(const body_copy& answer) noexcept {
    if (!answer.whole) return too_long;
    const bool json = answer.text.empty() || session::json_at(without_bom(answer.text), {});
    return json ? std::string_view() : "it is not JSON";
}

bool is_true(std::string_view value) noexcept {
    return http::iequals(value, "true") || value == "1";
}

bool is_false(std::string_view value) noexcept {
    return http::iequals(value, "false") || value == "0";
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

request_form form_of(const http::field_list& head, std::string_view query) {
    request_form form;
    form.query = query;
    std::size_t types = 0;
    for (const http::field& f : head) {
        // In CGI's variables other spellings are the same name.
        if (http::equivalent_names(f.name, "Content-Encoding")) form.coded = true;
        if (!http::equivalent_names(f.name, "Content-Type")) continue;
        form.type = ++types == 1 ? f.value : std::string_view();
    }
    return form;
}

body_verdict judge_body(std::span<const capture_rule> rules, const policy::request_facts& request,
                        const http::response_head& answer) noexcept {
    const bool asked_for = std::any_of(rules.begin(), rules.end(), [&](const capture_rule& rule) {
        return takes_from(rule, place::json) && matches(rule, request, answer.status);
    });
    const bool empty = request.method == "HEAD" || answer.status == 204 || answer.status == 304;
    if (!asked_for || empty || is_stream(answer.fields.find(field_id::content_type))) return {};
    // What part that is, the client may have had a say in.
    if (answer.status == 206 || !answer.fields.find(field_id::content_range).empty())
        return {.why = not_captured{not_captured::from::answer, "it is a part of one"}};
    const std::string_view coding = answer.fields.find(field_id::content_encoding);
    if (!coding.empty() && !http::iequals(coding, "identity"))
        return {.why = not_captured{not_captured::from::answer, "it has a content coding"}};
    return {.hold = true};
}

bool may_become_json(std::string_view beginning) noexcept {
    return bom.starts_with(beginning) || session::begins_json(without_bom(beginning));
}

std::vector<not_captured> append_captured(session::session_changes& out, std::span<const capture_rule> rules,
                                          const capture_facts& f) {
    std::vector<not_captured> missed;
    const auto miss = [&](not_captured::from where, std::string_view why) {
        const bool known = std::any_of(missed.begin(), missed.end(), [&](const not_captured& m) {
            return m.where == where && m.why == why;
        });
        if (!why.empty() && !known) missed.push_back({where, why});
    };
    for (const capture_rule& rule : rules) {
        if (!matches(rule, f.request, f.answer.status)) continue;
        out.end = std::max(out.end, rule.end);
        out.regenerate = out.regenerate || rule.regenerate;
        for (const capture_set& s : rule.set) {
            field_found found = taken(s.source, f);
            if (found.json) out.set.push_back({s.at, *std::move(found.json)});
            miss(not_captured::from::form, found.why);
        }
        if (f.answer_body != nullptr && takes_from(rule, place::json))
            miss(not_captured::from::answer, wrong_with(*f.answer_body));
    }
    return missed;
}

std::vector<std::string> control_names() {
    return {std::string(patch_name), std::string(regenerate_name), std::string(destroy_name)};
}

std::optional<std::string_view> append_control(session::session_changes& out, const control_params& p,
                                               const http::field_list& answer) {
    std::optional<std::string_view> patch, wrong;
    std::size_t patches = 0;
    const auto complain = [&wrong](std::string_view what) { wrong = wrong.value_or(what); };
    for (const http::field& f : answer) {
        if (http::iequals(f.name, regenerate_name)) {
            if (is_true(f.value))
                out.regenerate = true;
            else if (!is_false(f.value))
                complain("X-Session-Regenerate is neither true nor false");
        } else if (http::iequals(f.name, destroy_name)) {
            if (http::iequals(f.value, "all"))
                out.end = ending::all;
            else if (is_true(f.value))
                out.end = std::max(out.end, ending::one);
            else if (!is_false(f.value))
                complain("X-Session-Destroy is neither true nor all");
        } else if (http::iequals(f.name, patch_name)) {
            patch = f.value;
            ++patches;
        }
    }
    if (!patch) return wrong;
    const auto why = patches > 1 ? std::optional<std::string_view>("there are several patches")
                                 : session::check_patch(*patch, p.allow);
    if (why)
        complain(*why);
    else
        out.merge_patch = *patch;
    return wrong;
}

}  // namespace vestibule::server

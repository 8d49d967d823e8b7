#include <vestibule/policy/cors.hpp>

#include <vestibule/http/framing.hpp>

#include <algorithm>
#include <chrono>

namespace vestibule::policy {
namespace {

using http::field_id;

constexpr std::string_view prefix = "Access-Control-";

void append_line(std::string& out, std::string_view name, std::string_view value) {
    out += prefix;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

std::string joined(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) list.append(list.empty() ? "" : ", ").append(word);
    return list;
}

// Names, commas and blanks: what a browser asks for. Anything else is not echoed.
bool is_name_list(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        constexpr std::string_view others = "!#$%&'*+-.^_`|~, ";
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != others.npos;
    });
}

}  // namespace

cors_table::cors_table(const cors_params& p)
    : origins_(p.allow_origins),
      on_(!p.allow_origins.empty()),
      any_(std::find(p.allow_origins.begin(), p.allow_origins.end(), "*") != p.allow_origins.end()),
      asked_(p.allow_headers.empty()) {
    if (p.credentials) append_line(answer_lines_, "Allow-Credentials", "true");
    preflight_lines_ = answer_lines_;
    if (!p.expose_headers.empty()) append_line(answer_lines_, "Expose-Headers", joined(p.expose_headers));

    append_line(preflight_lines_, "Allow-Methods", joined(p.allow_methods));
    if (!asked_) append_line(preflight_lines_, "Allow-Headers", joined(p.allow_headers));
    const auto age = std::chrono::duration_cast<seconds>(p.max_age).count();
    append_line(preflight_lines_, "Max-Age", std::to_string(age));
}

bool cors_table::allows(std::string_view origin) const noexcept {
    if (any_) return !origin.empty();
    const auto parsed = http::parse_origin(origin);
    return parsed && origins_.contains(*parsed);
}

void cors_table::append_origin(std::string& out, std::string_view origin) const {
    append_line(out, "Allow-Origin", any_ ? "*" : origin);
}

void cors_table::append_answer(std::string& out, std::string_view origin) const {
    append_origin(out, origin);
    out += answer_lines_;
}

void cors_table::append_preflight(std::string& out, std::string_view origin,
                                  std::string_view asked_headers) const {
    append_origin(out, origin);
    out += preflight_lines_;
    if (asked_ && is_name_list(asked_headers)) append_line(out, "Allow-Headers", asked_headers);
}

bool is_preflight(std::string_view method, const http::field_list& fields) noexcept {
    return method == "OPTIONS" && !fields.find(field_id::origin).empty() &&
           !fields.find(field_id::access_control_request_method).empty();
}

bool is_cors_field(const http::field& f) noexcept {
    return f.id == field_id::vary ||
           (f.name.size() > prefix.size() && http::iequals(f.name.substr(0, prefix.size()), prefix));
}

void append_vary_origin(std::string& out, const http::field_list& fields) {
    out += "Vary: ";
    bool any = false, there = false;
    for (const http::field& f : fields) {
        if (f.id != field_id::vary || f.value.empty()) continue;
        if (any) out += ", ";
        out += f.value;
        any = true;
        there = there || http::list_contains(f.value, "Origin") || http::list_contains(f.value, "*");
    }
    if (!there) out += any ? ", Origin" : "Origin";
    out += "\r\n";
}

}  // namespace vestibule::policy

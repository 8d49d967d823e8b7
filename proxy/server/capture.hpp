// From an exchange to what it changes in the session. Pure.
#pragma once

#include "server/body_copy.hpp"

#include <vestibule/http/head.hpp>
#include <vestibule/policy/policy.hpp>
#include <vestibule/server/capture_params.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vestibule::server {

/// What the rules that may match a request need of its bodies, before it is known how it is answered.
struct capture_needs {
    bool any = false;
    bool form = false;  // the request's
    bool json = false;  // the answer's, which has to be readable: without a content coding
};
capture_needs needs_of(std::span<const capture_rule> rules, const policy::request_facts& request) noexcept;

/// Whether a rule that matches the answer asks for its body, which is JSON.
bool wants_body(std::span<const capture_rule> rules, const policy::request_facts& request,
                const http::response_head& answer) noexcept;

/// The parts of an exchange that are looked at.
struct capture_facts {
    policy::request_facts request;
    std::string_view request_type;  // Content-Type
    std::string_view request_query;
    const body_copy* request_body = nullptr;
    const http::response_head& answer;
    const body_copy* answer_body = nullptr;
};
/// False: a form field that a rule asks for is there, but not every backend would read the same in it.
bool append_captured(session::session_changes& out, std::span<const capture_rule> rules,
                     const capture_facts& f);

/// Names of backend_control, removed from every answer.
std::vector<std::string> control_names();

/// Appends what the answer's control headers say. What is wrong with them, or nothing; the rest counts all
/// the same.
std::optional<std::string_view> append_control(session::session_changes& out, const control_params& p,
                                               const http::field_list& answer);

}  // namespace vestibule::server

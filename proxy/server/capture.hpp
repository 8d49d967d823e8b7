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
#include <vector>

namespace vestibule::server {

/// What the rules that may match a request need of its bodies, before it is known how it is answered.
struct capture_needs {
    bool any = false;
    bool form = false;  // the request's
    bool json = false;  // the answer's, which has to be readable: without a content coding
};
capture_needs needs_of(std::span<const capture_rule> rules, const policy::request_facts& request) noexcept;

/// What a request's head says of the form behind it.
struct request_form {
    std::string type;       // Content-Type; empty: none, or several to some reader
    bool coded = false;     // with a Content-Encoding
    std::string query;      // without '?'
    std::string cookies{};  // as the backend gets them
};
request_form form_of(const http::field_list& head, std::string_view query);

/// Why what a rule asks for was not taken, although it may be there.
struct not_captured {
    enum class from { form, answer } where;
    std::string_view why;
};

/// Whether the body of the answer is read before its head goes on, because a rule that matches asks for its
/// JSON; or else why it is not, where that is worth a word.
struct body_verdict {
    bool hold = false;
    std::optional<not_captured> why{};
};
body_verdict judge_body(std::span<const capture_rule> rules, const policy::request_facts& request,
                        const http::response_head& answer) noexcept;

/// Whether that may become JSON with what follows.
bool may_become_json(std::string_view beginning) noexcept;

/// The parts of an exchange that are looked at.
struct capture_facts {
    policy::request_facts request;
    const request_form* form = nullptr;
    const body_copy* request_body = nullptr;  // there where `form` is
    const http::response_head& answer;
    const body_copy* answer_body = nullptr;  // where it is held
    unix_time now{};
};
/// What could not be taken, each once.
std::vector<not_captured> append_captured(session::session_changes& out, std::span<const capture_rule> rules,
                                          const capture_facts& f);

/// Names of backend_control, removed from every answer.
std::vector<std::string> control_names();

/// Appends what the answer's control headers say. The first that is wrong with them, or nothing; the rest
/// counts all the same.
std::optional<std::string_view> append_control(session::session_changes& out, const control_params& p,
                                               const http::field_list& answer);

}  // namespace vestibule::server

#include "admin/session_api.hpp"

#include "admin/api_call.hpp"

#include <vestibule/base/logger.hpp>

namespace vestibule::admin {
namespace {

using session::directory;

constexpr std::string_view no_document =
    "what is stored under this handle is no session document, and such a value is never deleted";

api_answer json_answer(std::string body) {
    return {.status = http::status::ok, .body = std::move(body) + "\n"};
}

api_answer no_session() {
    return failure(http::status::not_found, "not_found", "there is no such session");
}

api_answer unavailable(error_code ec, std::size_t ended = 0) {
    api_answer a = failure(http::status::service_unavailable,
                           ec == errc::shutting_down ? "shutting_down" : "store", ec.message());
    if (ended > 0) a.body.insert(a.body.size() - 2, ",\"ended\":" + std::to_string(ended));
    return a;
}

task<api_answer> list(const directory& d, api_call c) {
    const auto page = co_await d.list(c.user, c.cursor, c.limit);
    if (!page) co_return unavailable(page.error());
    std::string body = "{\"sessions\":[";
    for (const session::session_summary& s : page->sessions)
        body.append(body.ends_with('[') ? "" : ",").append(session::to_json(s));
    body += "],\"next\":";
    if (page->next.empty())
        body += "null";
    else
        log::append_json_string(body, page->next);
    co_return json_answer(body + "}");
}

task<api_answer> show(const directory& d, api_call c) {
    const auto found = co_await d.find(c.handle, c.user, c.content);
    if (!found) co_return unavailable(found.error());
    co_return *found ? json_answer(session::to_json(**found)) : no_session();
}

task<api_answer> count(const directory& d, api_call c) {
    const auto number = co_await d.count(c.user);
    if (!number) co_return unavailable(number.error());
    co_return json_answer("{\"count\":" + std::to_string(*number) + "}");
}

task<api_answer> revoke(const directory& d, api_call c, std::string client, metric_cell& ended) {
    const auto done = co_await d.revoke(c.handle, c.user);
    if (!done) co_return unavailable(done.error());
    if (*done == session::revocation::not_found) co_return no_session();
    if (*done == session::revocation::malformed)
        co_return failure(http::status::conflict, "malformed_value", no_document);
    ended.add();
    log::info("session revoked", {{"client", client}, {"handle", c.handle}});
    co_return api_answer{.status = http::status::no_content};
}

task<api_answer> revoke_all(const directory& d, api_call c, std::string client, metric_cell& ended) {
    const session::mass_revocation done = co_await d.revoke_all(c.user);
    ended.add(done.ended);
    log::info("sessions of a user revoked", {{"client", client},
                                             {"user", c.user},
                                             {"ended", done.ended},
                                             {"error", done.failed ? done.failed.message() : ""}});
    if (done.failed) co_return unavailable(done.failed, done.ended);
    co_return json_answer("{\"ended\":" + std::to_string(done.ended) + "}");
}

}  // namespace

task<api_answer> answer_sessions(std::shared_ptr<const directory> sessions, api_request r,
                                 metric_cell& ended) {
    auto read = read_call(r.method, r.target);
    if (auto* refused = std::get_if<api_answer>(&read)) co_return std::move(*refused);
    api_call c = std::move(std::get<api_call>(read));
    switch (c.action) {
        case api_action::list: co_return co_await list(*sessions, std::move(c));
        case api_action::count: co_return co_await count(*sessions, std::move(c));
        case api_action::show: co_return co_await show(*sessions, std::move(c));
        case api_action::revoke: co_return co_await revoke(*sessions, std::move(c), r.client, ended);
        case api_action::revoke_all: break;
    }
    co_return co_await revoke_all(*sessions, std::move(c), r.client, ended);
}

}  // namespace vestibule::admin

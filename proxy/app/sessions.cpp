#include "app/sessions.hpp"

#include "app/commands.hpp"
#include "app/session_text.hpp"
#include "app/stores.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/base/utf8.hpp>
#include <vestibule/session/directory.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <optional>

namespace vestibule::app {
namespace {

using session::directory;

constexpr std::size_t page = 500;

struct options {
    std::string config{}, handle{}, user{};
    std::size_t limit = 100;
    bool json = false, content = false;
};

int say(const char* text) {
    std::fprintf(stderr, "vestibule: %s\n", text);
    return exit_failed;
}

int failed(error_code ec) {
    std::fprintf(stderr, "vestibule: %s\n", ec.message().c_str());
    if (ec == errc::store_refused)
        std::fputs("  may this user of Redis do what sessions need? README.md, Operations, has the list\n",
                   stderr);
    return exit_failed;
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

task<int> list(const directory& d, const options& o) {
    std::size_t told = 0;
    std::string next;
    do {
        auto found = co_await d.list(o.user, next, std::min(page, o.limit - told));
        if (!found) co_return failed(found.error());
        if (!o.json && told == 0 && !found->sessions.empty()) print(table_head());
        if (!o.json) print(table_rows(found->sessions));
        for (const session::session_summary& s : found->sessions)
            if (o.json) print(session::to_json(s) + "\n");
        told += found->sessions.size();
        next = std::move(found->next);
    } while (!next.empty() && told < o.limit);
    if (!next.empty()) std::fprintf(stderr, "there are more; --limit %zu ended this list\n", o.limit);
    if (told == 0) say(o.user.empty() ? "no session is stored" : "this user has no session");
    co_return told == 0 && !o.user.empty() ? exit_failed : exit_done;
}

task<int> show(const directory& d, const options& o) {
    const auto found = co_await d.find(o.handle, o.user, o.content);
    if (!found) co_return failed(found.error());
    if (!*found) co_return say("there is no such session");
    print(o.json ? session::to_json(**found) + "\n" : text_of(**found));
    co_return exit_done;
}

task<int> count(const directory& d, const options& o) {
    const auto number = co_await d.count(o.user);
    if (!number) co_return failed(number.error());
    print((o.json ? "{\"count\":" + std::to_string(*number) + "}" : std::to_string(*number)) + "\n");
    co_return *number == 0 && !o.user.empty() ? exit_failed : exit_done;
}

task<int> revoke(const directory& d, const options& o) {
    const auto done = co_await d.revoke(o.handle, o.user);
    if (!done) co_return failed(done.error());
    switch (*done) {
        case session::revocation::ended: print("revoked " + o.handle + "\n"); co_return exit_done;
        case session::revocation::malformed:
            co_return say(
                "what is stored under this handle is no session document: vestibule never deletes that");
        case session::revocation::not_found: break;
    }
    co_return say("there is no such session");
}

task<int> revoke_all(const directory& d, const options& o) {
    const session::mass_revocation done = co_await d.revoke_all(o.user);
    print("revoked " + std::to_string(done.ended) + (done.ended == 1 ? " session\n" : " sessions\n"));
    if (done.failed) co_return failed(done.failed);
    co_return done.ended == 0 ? say("this user has no session") : exit_done;
}

int where_the_sessions_are(const admin::admin_params& a) {
    std::fputs("vestibule: store.url is memory: and these sessions are in the running process alone\n",
               stderr);
    if (!a.enabled) {
        std::fputs("  give it an admin address (\"admin: off\" is set); its session API reaches them\n",
                   stderr);
        return exit_usage;
    }
    const std::string host = a.host.find(':') == a.host.npos ? a.host : "[" + a.host + "]";
    std::fprintf(stderr, "  ask its session API: curl %shttp://%s:%u/api/sessions\n",
                 a.token.empty() ? "" : "-H 'Authorization: Bearer TOKEN' ", host.c_str(), unsigned(a.port));
    return exit_usage;
}

task<void> into(task<int> command, std::optional<int>& code) {
    code = co_await std::move(command);
}

int run_over_store(const options& o, task<int> (*command)(const directory&, const options&)) {
    const auto settings = load_or_tell(o.config);
    if (!settings) return exit_usage;
    if (settings->store.url.kind == store::store_kind::memory) return where_the_sessions_are(settings->admin);
    const server::session_params& s = settings->server.session;
    if (!o.user.empty() && !s.told_user) {
        say("session.user is off: no session has a user");
        return exit_usage;
    }
    log::start({.min_level = log::level::off, .access = false});  // what it finds is all it says

    metrics_registry metrics;
    boost::asio::io_context io;
    auto store = stores(settings->store, metrics).direct(io);
    const directory d(*store, session::handle_maker(s.handle_secret()), s.told_life());
    std::optional<int> code;
    std::exception_ptr thrown;
    detach(into(command(d, o), code), [&](std::exception_ptr e) { thrown = std::move(e); });
    while (!code && !thrown) io.run_one();
    store.reset();
    io.restart();
    io.run_for(store_ending);
    if (thrown) std::rethrow_exception(thrown);
    return *code;
}

std::string check_handle(const std::string& text) {
    return session::is_handle(text) ? ""
                                    : "a handle is the 22 characters that X-Session-Id, logs and lists show";
}

std::string check_user(const std::string& text) {
    return !text.empty() && valid_utf8(text) ? "" : "a user is text that is not empty";
}

}  // namespace

void add_sessions(CLI::App& cli, std::function<int()>& command) {
    CLI::App* sessions = cli.add_subcommand("sessions", "Look at sessions and end them, through the store");
    sessions->require_subcommand(1);
    auto given = std::make_shared<options>();
    const auto add = [&](const char* name, const char* text) {
        CLI::App* sub = sessions->add_subcommand(name, text);
        sub->add_option("-c,--config", given->config, "Configuration file (YAML)")->required();
        sub->add_option("-u,--user", given->user, "Only of this user, by the value at session.user")
            ->check(CLI::Validator(check_user, ""));
        return sub;
    };
    const auto add_handle = [&](CLI::App* sub) {
        return sub->add_option("handle", given->handle, "The session's public name, as X-Session-Id has it")
            ->check(CLI::Validator(check_handle, ""));
    };
    const auto runs = [&](CLI::App* sub, task<int> (*run)(const directory&, const options&)) {
        sub->callback(
            [&command, given, run] { command = [given, run] { return run_over_store(*given, run); }; });
    };

    CLI::App* sub = add("list", "List them, in no order");
    sub->add_option("-n,--limit", given->limit, "At most so many (100)")->check(CLI::PositiveNumber);
    sub->add_flag("--json", given->json, "One JSON object a line");
    runs(sub, list);

    sub = add("show", "Show one: its life, and what it holds by name, type and size");
    add_handle(sub)->required();
    sub->add_flag("--content", given->content, "With its values, but not of cookie and vestibule");
    sub->add_flag("--json", given->json, "As a JSON object");
    runs(sub, show);

    sub = add("count", "Count them");
    sub->add_flag("--json", given->json, "As a JSON object");
    runs(sub, count);

    sub = add("revoke", "End one, or without a handle all of --user, on every replica at once");
    add_handle(sub);
    sub->callback([&command, given] {
        if (given->handle.empty() && given->user.empty()) throw CLI::RequiredError("a handle, or --user,");
        const auto run = given->handle.empty() ? revoke_all : revoke;
        command = [given, run] { return run_over_store(*given, run); };
    });
}

void protect_handles(std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments.front() != "sessions") return;
    for (auto a = arguments.begin() + 1; a != arguments.end(); ++a) {
        if (*a == "--") return;
        if (!a->starts_with('-') || !session::is_handle(*a)) continue;
        const std::string handle = *a;
        arguments.erase(a);
        arguments.insert(arguments.end(), {"--", handle});
        return;
    }
}

}  // namespace vestibule::app

#include "config/file.hpp"
#include "config/sections.hpp"
#include "config/yaml_tree.hpp"

#include <vestibule/config/config.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace vestibule::config {
namespace {

/// The structs' defaults, and those that are no constants: a proxy on the same machine is believed.
settings defaults() {
    settings s;
    for (const char* range : {"127.0.0.0/8", "::1/128"})
        s.server.trusted_proxies.push_back(http::cidr::parse(range).value());
    s.server.session.life.user = session::json_pointer::parse("/user/id").value();
    return s;
}

void read_settings(const map_reader& root, settings& s) {
    read_listen(root["listen"], s.server.listen);
    read_admin(root["admin"], s.admin);
    read_workers(root["workers"], s.workers);
    read_backends(root["backends"], s.server.upstream);
    read_proxy(root["proxy"], s.server);
    read_session(root["session"], s.server.session, s.store.tombstone);
    read_store(root["store"], s.store, s.server.session.on_failure);
    name_judge names;
    read_inject(root["inject"], s.server.inject, names);
    read_assertion(root["assertion"], s.server.assertion, names);
    read_routes(root["routes"], s.server.policy);
    read_capture(root["capture"], s.server.capture);
    read_backend_control(root["backend_control"], s.server.control);
    read_csrf(root["csrf"], s.server.csrf);
    read_cors(root["cors"], s.server.cors);
    read_flood(root["flood"], s.server.flood);
    read_vault(root["vault"], s.server.session.cookie.name, s.server.vault);
    read_log(root["log"], s.log);
}

/// assertion.subject is who is logged in, where that is told.
void settle_subject(const map_reader& root, settings& s) {
    const auto& user = s.server.session.life.user;
    if (user && root["assertion"].key("subject").absent()) s.server.assertion.subject = *user;
}

/// session.user is auto: it matters where answers of the backend say who is logged in, somebody counts, or
/// the backend's cookies must not get to somebody else.
/// To operators it always does.
void settle_user(const map_reader& root, settings& s) {
    s.server.session.told_user = s.server.session.life.user;
    const cursor user = root["session"].key("user");
    const auto text = user.text();
    if (!user.absent() && text && *text != "auto") return;
    const bool counts = s.server.session.max_per_user.count > 0;
    const bool keeps = s.server.vault.all || !s.server.vault.cookies.empty();
    if (s.server.capture.empty() && !s.server.control.enabled && !counts && !keeps)
        s.server.session.life.user.reset();
}

void sort_by_place(std::vector<problem>& problems) {
    const auto place = [](const problem& p) { return std::pair(p.line, p.column); };
    std::stable_sort(problems.begin(), problems.end(),
                     [&](const problem& a, const problem& b) { return place(a) < place(b); });
}

std::optional<std::string> from_process(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return value;
}

}  // namespace

std::string to_string(const problem& p, const std::string& file) {
    std::string out = file + ":";
    if (p.line > 0) out += std::to_string(p.line) + ":" + std::to_string(p.column) + ":";
    if (!p.path.empty()) out += " " + p.path + ":";
    return out + " " + p.message;
}

load_result load_text(const std::string& yaml, const environment& env, const std::string& base_directory) {
    load_result result;
    context shared{env, base_directory};
    if (const auto tree = parse_yaml(yaml, shared.problems)) {
        auto s = defaults();
        const map_reader root(cursor(shared, &*tree, tree->at, {}));
        read_settings(root, s);
        settle_user(root, s);
        settle_subject(root, s);
        check_across(root, s);
        if (shared.problems.empty()) result.value = std::move(s);
    }
    result.problems = std::move(shared.problems);
    result.warnings = std::move(shared.warnings);
    sort_by_place(result.problems);
    sort_by_place(result.warnings);
    return result;
}

load_result load_file(const std::string& file) {
    const auto read = read_file(file, max_file_bytes);
    if (!read.error.empty()) {
        load_result result;
        result.problems.push_back({0, 0, {}, read.error});
        return result;
    }
    return load_text(read.text, from_process, std::filesystem::path(file).parent_path().string());
}

}  // namespace vestibule::config

// The YAML files of the repository: reference.yaml says the truth about keys and defaults, and all load.
#include "config/file.hpp"
#include "config/schema.hpp"
#include "config/text_form.hpp"
#include "config/yaml_tree.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace vestibule::config {
namespace {

const std::filesystem::path config_directory = std::filesystem::path(VESTIBULE_ROOT) / "config";

const variables secret_only{{"SESSION_SECRET", "0123456789abcdef0123456789abcdef"}};

std::string shipped(const std::string& name) {
    const auto read = read_file((config_directory / name).string(), max_file_bytes);
    EXPECT_EQ(read.error, "") << name;
    return read.text;
}

/// With every optional shape: indented comment lines lose their '#'.
std::string uncommented(const std::string& yaml) {
    std::istringstream in(yaml);
    std::string out, line;
    while (std::getline(in, line)) {
        const auto first = line.find_first_not_of(' ');
        if (first != line.npos && first > 0 && line[first] == '#') line.erase(first, 1);
        out += line + "\n";
    }
    return out;
}

/// All key paths of a tree, list indexes left out: "routes[].match.path".
void collect(const node& n, const std::string& path, std::set<std::string>& out) {
    for (const auto& item : n.items) collect(item, path + "[]", out);
    for (const auto& m : n.members) {
        out.insert(join_path(path, m.key));
        collect(m.value, join_path(path, m.key), out);
    }
}

TEST(reference_yaml, is_the_defaults_of_the_structs) {
    const auto loaded = load_text(shipped("reference.yaml"), fake_environment(secret_only), ".");
    ASSERT_EQ(lines_of(loaded.problems), std::vector<std::string>{});

    settings expected;
    expected.server.session.secrets = {"0123456789abcdef0123456789abcdef"};
    expected.server.upstream.backends[0] = {"http://127.0.0.1:3000", "127.0.0.1", 3000, ""};
    expected.server.trusted_proxies = {http::cidr::parse("127.0.0.0/8").value(),
                                       http::cidr::parse("::1/128").value()};
    expected.server.session.told_user = session::json_pointer::parse("/user/id").value();
    EXPECT_EQ(describe(*loaded.value), describe(expected));
}

TEST(reference_yaml, says_what_an_absent_key_means) {
    const auto loaded = load_text(shipped("reference.yaml"), fake_environment(secret_only), ".");
    const auto minimal = load_text(
        "backends: [{url: http://127.0.0.1:3000}]\n"
        "session: {secrets: [\"${SESSION_SECRET}\"]}\n",
        fake_environment(secret_only), ".");
    ASSERT_TRUE(loaded.value && minimal.value);
    EXPECT_EQ(describe(*loaded.value), describe(*minimal.value));
    EXPECT_EQ(loaded.warnings.size(), minimal.warnings.size());
}

TEST(reference_yaml, names_every_key) {
    std::vector<problem> problems;
    const auto tree = parse_yaml(uncommented(shipped("reference.yaml")), problems);
    ASSERT_TRUE(tree) << testing::PrintToString(lines_of(problems));
    std::set<std::string> named;
    collect(*tree, "", named);
    for (const auto& map : known_maps()) {
        if (map.path == "session.handle_key" || map.path == "admin.token" ||
            map.path == "store.sentinel.password")
            continue;  // the shape of a secret, shown once under secrets
        for (const auto& key : map.keys) {
            const auto path = join_path(std::string(map.path), key.name);
            EXPECT_EQ(named.count(path), 1u) << path;
        }
    }
}

TEST(reference_yaml, optional_shapes_are_valid) {
    const auto directory = std::filesystem::path(testing::TempDir()) / "vestibule_reference";
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "previous_secret") << "fedcba9876543210fedcba9876543210\n";
    std::ofstream(directory / "assertion_key") << "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

    write_tls_files(directory.string());

    const auto loaded =
        load_text(uncommented(shipped("reference.yaml")), fake_environment(secret_only), directory.string());
    EXPECT_EQ(lines_of(loaded.problems), std::vector<std::string>{});
    ASSERT_TRUE(loaded.value);
    EXPECT_EQ(loaded.value->server.listen.size(), 3u);
    EXPECT_EQ(loaded.value->server.session.secrets.back(), "fedcba9876543210fedcba9876543210");
    EXPECT_EQ(loaded.value->server.inject.headers.size(), 2u);
    EXPECT_EQ(loaded.value->server.assertion.keys.size(), 1u);
    EXPECT_EQ(loaded.value->server.policy.routes.size(), 2u);
    EXPECT_EQ(loaded.value->server.policy.routes[1].require.size(), 2u);
    std::filesystem::remove_all(directory);
}

TEST(reference_yaml, has_a_remark_on_nearly_every_key) {
    std::istringstream in(shipped("reference.yaml"));
    int keys = 0, remarks = 0;
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find_first_not_of(" -");
        if (first == line.npos || line[first] == '#' || line.find(':') == line.npos) continue;
        ++keys;
        remarks += line.find(" # ") != line.npos;
    }
    EXPECT_GE(keys, 45);
    EXPECT_GE(remarks * 10, keys * 8) << remarks << " of " << keys;
}

TEST(development_yaml, loads_without_any_environment) {
    const auto loaded = load_text(shipped("development.yaml"), fake_environment({}), ".");
    EXPECT_EQ(lines_of(loaded.problems), std::vector<std::string>{});
    ASSERT_TRUE(loaded.value);
    EXPECT_EQ(loaded.value->store.url.kind, store::store_kind::memory);
    EXPECT_EQ(loaded.value->log.style, log::format::text);
    EXPECT_EQ(loaded.value->server.session.cookie.secure, server::secure_mode::off);
    ASSERT_EQ(loaded.warnings.size(), 1u);  // memory:
    EXPECT_EQ(loaded.warnings[0].path, "store.url");
}

TEST(production_yaml, loads_without_a_warning) {
    auto env = secret_only;
    env["REDIS_URL"] = "rediss://user:pass@redis.example.com:6380/2";
    const auto loaded = load_text(shipped("production.yaml"), fake_environment(env), ".");
    EXPECT_EQ(lines_of(loaded.problems), std::vector<std::string>{});
    EXPECT_EQ(lines_of(loaded.warnings), std::vector<std::string>{});
    ASSERT_TRUE(loaded.value);
    const auto& s = *loaded.value;
    EXPECT_TRUE(s.store.url.tls);
    EXPECT_EQ(s.store.url.host, "redis.example.com");
    EXPECT_EQ(s.store.url.password, "pass");
    EXPECT_EQ(s.server.session.cookie.secure, server::secure_mode::on);
    EXPECT_EQ(s.server.trusted_proxies.size(), 3u);
    const policy::route_params& account = s.server.policy.routes.back();
    EXPECT_EQ(account.session, policy::session_mode::required);
    ASSERT_EQ(account.require.size(), 1u);
    EXPECT_EQ(account.require[0].pointer.text(), "/user/id");
    EXPECT_TRUE(account.require[0].present);
}

TEST(production_yaml, needs_its_environment) {
    const auto loaded = load_text(shipped("production.yaml"), fake_environment({}), ".");
    ASSERT_EQ(loaded.problems.size(), 2u);
    EXPECT_NE(loaded.problems[0].message.find("SESSION_SECRET is not set"), std::string::npos);
    EXPECT_NE(loaded.problems[1].message.find("REDIS_URL is not set"), std::string::npos);
    EXPECT_FALSE(loaded.value);
}

TEST(loyalty_app_yaml, is_the_set_up_of_the_app) {
    const auto loaded = load_text(shipped("loyalty-app.yaml"), fake_environment(secret_only), ".");
    EXPECT_EQ(lines_of(loaded.problems), std::vector<std::string>{});
    EXPECT_EQ(lines_of(loaded.warnings), std::vector<std::string>{});
    ASSERT_TRUE(loaded.value);
    const auto& cookie = loaded.value->server.session.cookie;
    EXPECT_EQ(cookie.name, "loyalty-session-id");
    EXPECT_EQ(cookie.path, "/");
    EXPECT_EQ(cookie.domain, "");
    EXPECT_TRUE(cookie.http_only);
    EXPECT_TRUE(cookie.forward);
    EXPECT_EQ(cookie.secure, server::secure_mode::automatic);
    EXPECT_EQ(cookie.same_site, http::same_site_mode::lax);
    EXPECT_EQ(cookie.max_age, milliseconds(86'400'000));
    EXPECT_EQ(loaded.value->store.prefix, "loyalty-app:sess:");
    EXPECT_EQ(loaded.value->store.url.kind, store::store_kind::redis);
    EXPECT_EQ(loaded.value->store.url.host, "localhost");
    EXPECT_EQ(loaded.value->store.url.port, 6379);
    EXPECT_EQ(loaded.value->server.session.secrets,
              std::vector<std::string>{"0123456789abcdef0123456789abcdef"});

    const auto without = load_text(shipped("loyalty-app.yaml"), fake_environment({}), ".");
    ASSERT_EQ(without.problems.size(), 1u);
    EXPECT_EQ(without.problems[0].path, "session.secrets[0]");
}

TEST(shipped_files, every_one_is_tested_here) {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(config_directory))
        names.insert(file.path().filename());
    EXPECT_EQ(names, (std::set<std::string>{"development.yaml", "loyalty-app.yaml", "production.yaml",
                                            "reference.yaml"}));
}

}  // namespace
}  // namespace vestibule::config

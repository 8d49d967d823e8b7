// Good configurations: every key takes effect, variables, files, and how problems are written.
#include "config/file.hpp"
#include "config/yaml_tree.hpp"
#include "support.hpp"

#include <vestibule/config/config.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace vestibule::config {
namespace {

const std::string required_keys =
    "backends: [{url: http://127.0.0.1:3000}]\n"
    "session: {secrets: [0123456789abcdef]}\n";

load_result load(const std::string& yaml, const variables& v = {}, const std::string& directory = ".") {
    return load_text(yaml, fake_environment(v), directory);
}

const std::vector<std::string> none;

std::string beside_this(const std::string& name) {
    const auto read = read_file((std::filesystem::path(VESTIBULE_ROOT) / "tests/unit/config" / name).string(),
                                max_file_bytes);
    EXPECT_EQ(read.error, "") << name;
    return read.text;
}

TEST(load, every_key_takes_effect) {
    const std::string files = (std::filesystem::path(testing::TempDir()) / "vestibule_every_key").string();
    std::filesystem::create_directories(files);
    write_tls_files(files);
    const auto loaded = load(beside_this("every_key.yaml"), {}, files);
    ASSERT_EQ(lines_of(loaded.problems), none);
    std::string text = describe(*loaded.value);
    for (auto at = text.find(files); at != text.npos; at = text.find(files))
        text.replace(at, files.size(), ".");
    EXPECT_EQ(text, beside_this("every_key.txt"));
    std::filesystem::remove_all(files);
}

TEST(load, every_field_can_be_set) {
    std::istringstream read(beside_this("every_key.txt")), defaults(describe(*load(required_keys).value));
    std::set<std::string> known_defaults, same;
    for (std::string line; std::getline(defaults, line);) known_defaults.insert(line);
    for (std::string line; std::getline(read, line);)
        if (known_defaults.count(line)) same.insert(line.substr(0, line.find(' ')));
    // Of one URL each, a bound of ours alone, and what excludes names.
    EXPECT_EQ(same, (std::set<std::string>{"admin.enabled", "backend.unix_path", "store.unix_path",
                                           "store.max_waiting", "store.tls.verify", "vault.all"}));
}

TEST(load, other_forms_of_addresses) {
    struct {
        const char* yaml;
        const char* expected;
    } cases[] = {
        {"admin: off\n", "admin.enabled = 0"},
        {"admin: false\n", "admin.enabled = 0"},
        {"admin: {address: \"[::]:0\"}\n", "admin.host = \"::\""},
        {"store: {url: \"redis+unix:///run/redis.sock?db=3\"}\n", "store.unix_path = \"/run/redis.sock\""},
        {"store: {url: \"memory:\"}\n", "store.kind = 0"},
        {"workers: auto\n", "workers = none"},
        {"log: {}\n", "user = none\ntold_user = \"/user/id\""},
        {"workers: \"2\"\n", "workers = 2"},
        {"proxy: {trusted_proxies: []}\n", "trusted_proxies = []"},
        {"proxy: {limits: {head: 4KiB}}\n", "limits.target = 4096"},
        {"listen: [{address: \"127.0.0.1:0\"}]\n", "listen = [127.0.0.1:0|127.0.0.1|0|]"},
        {"routes: [{match: {path: /z%C3%BCrich}}]\n", "  /z%C3%BCrich  2 401 none[][]"},
        {"routes: [{match: {path: /}, session: false}]\n", "  /  0 401 none[][]"},
        {"routes: [{session: optional}]\n", "  /*  1 401 none[][]"},
    };
    for (const auto& c : cases) {
        const auto loaded = load(c.yaml + required_keys);
        ASSERT_EQ(lines_of(loaded.problems), none) << c.yaml;
        EXPECT_NE(describe(*loaded.value).find(std::string(c.expected) + "\n"), std::string::npos)
            << c.yaml << describe(*loaded.value);
    }
}

TEST(load, backend_forms) {
    struct {
        const char* url;
        const char* host;
        int port;
        const char* unix_path;
    } cases[] = {
        {"http://app", "app", 80, ""},
        {"http://legacy_app.internal:3000", "legacy_app.internal", 3000, ""},
        {"http://10.0.0.5:81", "10.0.0.5", 81, ""},
        {"http://[2001:db8::1]", "2001:db8::1", 80, ""},
        {"unix:/run/app.sock", "", 0, "/run/app.sock"},
    };
    for (const auto& c : cases) {
        const auto loaded = load(std::string("backends: [{url: \"") + c.url +
                                 "\"}]\nsession: {secrets: [0123456789abcdef]}\n");
        ASSERT_EQ(lines_of(loaded.problems), none) << c.url;
        const auto& backend = loaded.value->server.upstream.backends.at(0);
        EXPECT_EQ(backend.url, c.url);
        EXPECT_EQ(backend.host, c.host) << c.url;
        EXPECT_EQ(backend.port, c.port) << c.url;
        EXPECT_EQ(backend.unix_path, c.unix_path) << c.url;
    }
}

TEST(load, compact_forms) {
    const auto loaded = load(beside_this("compact_forms.yaml"), {{"SESSION_SECRET", "0123456789abcdef"}});
    EXPECT_EQ(lines_of(loaded.problems), none);
    ASSERT_TRUE(loaded.value);
    EXPECT_EQ(loaded.value->server.policy.routes.size(), 3u);
}

TEST(load, variables_in_any_scalar) {
    const auto loaded = load(
        "backends: [{url: \"http://${HOST:-app}:${PORT}\"}]\n"
        "session: {secrets: [\"$${not_a_variable}-$-${A}${B}\"]}\n"
        "workers: ${N}\n"
        "store: {url: \"${REDIS_URL:-memory:}\"}\n",
        {{"PORT", "81"}, {"A", "a\nb"}, {"B", ": [x"}, {"N", "2"}, {"REDIS_URL", ""}});
    ASSERT_EQ(lines_of(loaded.problems), none);
    EXPECT_EQ(loaded.value->server.upstream.backends.at(0).host, "app");
    EXPECT_EQ(loaded.value->server.upstream.backends.at(0).port, 81);
    EXPECT_EQ(loaded.value->server.session.secrets[0], "${not_a_variable}-$-a\nb: [x");
    EXPECT_EQ(loaded.value->workers, 2u);
    EXPECT_EQ(loaded.value->store.url.kind, store::store_kind::memory);
}

class secret_files : public testing::Test {
  protected:
    secret_files() : directory_(std::filesystem::path(testing::TempDir()) / "vestibule_secret_files") {
        std::filesystem::create_directories(directory_);
    }
    ~secret_files() override { std::filesystem::remove_all(directory_); }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ / name, std::ios::binary) << text;
    }
    std::filesystem::path directory_;
};

TEST_F(secret_files, one_newline_at_the_end_does_not_count) {
    write("plain", "0123456789abcdef");
    write("newline", "0123456789abcdef\n");
    write("windows", "0123456789abcdef\r\n");
    write("two", "0123456789abcdef\n\n");
    write("spaces", " 0123456789abcdef \n");
    struct {
        const char* file;
        const char* secret;
    } cases[] = {{"plain", "0123456789abcdef"},
                 {"newline", "0123456789abcdef"},
                 {"windows", "0123456789abcdef"},
                 {"two", "0123456789abcdef\n"},
                 {"spaces", " 0123456789abcdef "}};
    for (const auto& c : cases) {
        const auto file = std::string("{file: ") + c.file + "}";
        const auto loaded = load(
            "backends: [{url: http://a}]\nsession: {secrets: [" + file + "], handle_key: " + file + "}\n", {},
            directory_.string());
        ASSERT_EQ(lines_of(loaded.problems), none) << c.file;
        EXPECT_EQ(loaded.value->server.session.secrets, std::vector<std::string>{c.secret}) << c.file;
        EXPECT_EQ(loaded.value->server.session.handle_key, c.secret) << c.file;
    }
}

TEST_F(secret_files, absolute_paths_and_variables) {
    write("a", "0123456789abcdef\n");
    const auto loaded = load("backends: [{url: http://a}]\nsession: {secrets: [{file: \"${DIR}/a\"}]}\n",
                             {{"DIR", directory_.string()}}, "/nonexistent");
    ASSERT_EQ(lines_of(loaded.problems), none);
    EXPECT_EQ(loaded.value->server.session.secrets, std::vector<std::string>{"0123456789abcdef"});
}

TEST_F(secret_files, are_bounded) {
    write("big", std::string(64 * 1024 + 1, 'x'));
    const auto loaded =
        load("backends: [{url: http://a}]\nsession: {secrets: [{file: big}]}\n", {}, directory_.string());
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].message, "the file is larger than 64KiB");
}

TEST_F(secret_files, load_file_looks_beside_the_configuration) {
    write("secret", "0123456789abcdef\n");
    write(
        "vestibule.yaml",
        "backends: [{url: \"http://${VESTIBULE_TEST_HOST:-none}\"}]\nsession: {secrets: [{file: secret}]}\n");
    ::setenv("VESTIBULE_TEST_HOST", "from-environment", 1);
    const auto loaded = load_file((directory_ / "vestibule.yaml").string());
    ::unsetenv("VESTIBULE_TEST_HOST");
    ASSERT_EQ(lines_of(loaded.problems), none);
    EXPECT_EQ(loaded.value->server.session.secrets, std::vector<std::string>{"0123456789abcdef"});
    EXPECT_EQ(loaded.value->server.upstream.backends.at(0).host, "from-environment");
}

TEST_F(secret_files, load_file_tells_what_cannot_be_read) {
    const auto missing = load_file((directory_ / "missing.yaml").string());
    ASSERT_EQ(missing.problems.size(), 1u);
    EXPECT_EQ(to_string(missing.problems[0], "missing.yaml"),
              "missing.yaml: cannot be read: No such file or directory");
    EXPECT_FALSE(missing.value);

    write("big.yaml", "# " + std::string(1024 * 1024, 'x'));
    const auto big = load_file((directory_ / "big.yaml").string());
    ASSERT_EQ(big.problems.size(), 1u);
    EXPECT_EQ(to_string(big.problems[0], "big.yaml"), "big.yaml: is larger than 1MiB");
}

TEST(to_string, has_the_form_that_editors_jump_to) {
    EXPECT_EQ(to_string({3, 7, "session.cookie.path", "is wrong"}, "/etc/v.yaml"),
              "/etc/v.yaml:3:7: session.cookie.path: is wrong");
    EXPECT_EQ(to_string({3, 7, "", "is wrong"}, "v.yaml"), "v.yaml:3:7: is wrong");
    EXPECT_EQ(to_string({0, 0, "", "is wrong"}, "v.yaml"), "v.yaml: is wrong");
}

}  // namespace
}  // namespace vestibule::config

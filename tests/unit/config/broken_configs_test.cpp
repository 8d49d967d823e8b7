// Broken configurations and every line that `check` says about them, from broken_configs.txt:
//
//     === title
//     yaml ...
//     ! LINE:COL: path: message      a problem
//     ? LINE:COL: path: message      a warning
//
// SECRETS stands for a good list of secrets; ca.pem, cert.pem and key.pem are there and good. What a row
// lacks of backends, session and store is put behind its last line, unless its title begins with "whole
// file".
#include "config/file.hpp"
#include "config/yaml_tree.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vestibule::config {
namespace {

struct row {
    std::string title, yaml;
    std::vector<std::string> problems, warnings;
};

std::vector<row> rows() {
    const auto file = std::filesystem::path(VESTIBULE_ROOT) / "tests/unit/config" / "broken_configs.txt";
    std::istringstream in(read_file(file.string(), max_file_bytes).text);
    std::vector<row> all;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("=== ")) {
            all.push_back({line.substr(4), {}, {}, {}});
        } else if (line.starts_with("! ")) {
            all.back().problems.push_back(line.substr(2));
        } else if (line.starts_with("? ")) {
            all.back().warnings.push_back(line.substr(2));
        } else {
            all.back().yaml += line + "\n";
        }
    }
    return all;
}

std::string completed(std::string yaml) {
    const std::string secrets = "secrets: [0123456789abcdef]";
    for (auto at = yaml.find("SECRETS"); at != yaml.npos; at = yaml.find("SECRETS"))
        yaml.replace(at, 7, secrets);
    const auto has = [&](const std::string& key) {
        return yaml.starts_with(key) || yaml.find("\n" + key) != yaml.npos;
    };
    if (!has("backends:")) yaml += "backends: [{url: http://127.0.0.1:3000}]\n";
    if (!has("session:")) yaml += "session: {" + secrets + "}\n";
    if (!has("store:")) yaml += "store: {url: redis://localhost}\n";
    return yaml;
}

const variables env{{"SECRET_VALUE", "do-not-print-me"}, {"EMPTY", ""}};

class broken_configs : public testing::Test {
  protected:
    broken_configs() : directory_(std::filesystem::path(testing::TempDir()) / "vestibule_broken_configs") {
        std::filesystem::create_directories(directory_);
        std::ofstream(directory_ / "empty") << "\n";
        write_tls_files(directory_.string());
    }
    ~broken_configs() override { std::filesystem::remove_all(directory_); }

    load_result load(const row& r) const {
        const bool whole = r.title.starts_with("whole file");
        return load_text(whole ? r.yaml : completed(r.yaml), fake_environment(env), directory_.string());
    }

    std::filesystem::path directory_;
};

TEST_F(broken_configs, tell_every_problem_in_file_order) {
    const auto all = rows();
    EXPECT_GE(all.size(), 60u);
    for (const auto& r : all) {
        const auto loaded = load(r);
        EXPECT_EQ(lines_of(loaded.problems), r.problems) << r.title << "\n" << r.yaml;
        EXPECT_EQ(lines_of(loaded.warnings), r.warnings) << r.title << "\n" << r.yaml;
        EXPECT_EQ(loaded.value.has_value(), loaded.problems.empty()) << r.title;
        EXPECT_FALSE(r.problems.empty() && r.warnings.empty()) << r.title << " expects nothing";
    }
}

TEST_F(broken_configs, tell_nothing_secret) {
    for (const auto& r : rows()) {
        const auto loaded = load(r);
        auto lines = lines_of(loaded.problems);
        for (auto& line : lines_of(loaded.warnings)) lines.push_back(std::move(line));
        for (const auto& line : lines)
            for (const char* secret : {"hunter2", "hun/ter2", "do-not-print-me", "0123456789abcdef"})
                EXPECT_EQ(line.find(secret), line.npos) << line;
    }
}

TEST_F(broken_configs, all_sections_have_rows) {
    const auto all = rows();
    for (const char* section :
         {"whole file", "syntax",   "tree",  "keys",    "variables", "kinds", "listen", "admin",
          "workers",    "backends", "proxy", "session", "cookie",    "store", "inject", "assertion",
          "vault",      "routes",   "csrf",  "cors",    "flood",     "log"})
        EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const row& r) {
            return r.title.starts_with(section);
        })) << section;
}

}  // namespace
}  // namespace vestibule::config

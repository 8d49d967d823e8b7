// YAML as a tree: places, bounds, and bytes that nobody meant.
#include "config/yaml_tree.hpp"

#include "config/file.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace vestibule::config {
namespace {

std::vector<std::string> problems_of(const std::string& yaml) {
    std::vector<problem> problems;
    parse_yaml(yaml, problems);
    return lines_of(problems);
}

TEST(yaml_tree, knows_where_values_stand) {
    std::vector<problem> problems;
    const auto tree = parse_yaml("a: 1\nb:\n  - {c: \"q\", d: ~}\n  - [x]\ne:\n", problems);
    ASSERT_TRUE(tree);
    ASSERT_EQ(lines_of(problems), std::vector<std::string>{});
    ASSERT_EQ(tree->kind, node_kind::map);
    ASSERT_EQ(tree->members.size(), 3u);
    const auto& b = tree->members[1];
    EXPECT_EQ(b.key, "b");
    EXPECT_EQ(b.at.line, 2);
    ASSERT_EQ(b.value.kind, node_kind::list);
    ASSERT_EQ(b.value.items.size(), 2u);
    const auto& c = b.value.items[0].members.at(0).value;
    EXPECT_EQ(c.kind, node_kind::scalar);
    EXPECT_EQ(c.text, "q");
    EXPECT_EQ(c.at.line, 3);
    EXPECT_EQ(c.at.column, 9);
    EXPECT_EQ(b.value.items[0].members.at(1).value.kind, node_kind::null);
    EXPECT_EQ(tree->members[2].value.kind, node_kind::null);
    EXPECT_EQ(tree->members[2].value.at.line, 5);
}

TEST(yaml_tree, empty_files_are_null) {
    for (const char* empty : {"", "\n", "# only a remark\n", "---\n", "~\n"}) {
        std::vector<problem> problems;
        const auto tree = parse_yaml(empty, problems);
        ASSERT_TRUE(tree) << empty;
        EXPECT_EQ(tree->kind, node_kind::null) << empty;
    }
}

TEST(yaml_tree, is_plain_utf8) {
    struct {
        std::string yaml;
        const char* problem;
    } cases[] = {
        {"a: 1\nb: \x04\nc: 1\n", "2:4: a control character (a configuration is plain text)"},
        {std::string("a: 1\0", 5), "1:5: a control character (a configuration is plain text)"},
        {"a: \x7f\n", "1:4: a control character (a configuration is plain text)"},
        {"a: \xff\n", "1:4: not UTF-8"},
        {"a: \xc3\n", "1:4: not UTF-8"},
        {"a: \xc0\xaf\n", "1:4: not UTF-8"},
        {"a: \xed\xa0\x80\n", "1:4: not UTF-8"},
        {"\xff\xfe"
         "a",
         "1:1: not UTF-8"},
    };
    for (const auto& c : cases) EXPECT_EQ(problems_of(c.yaml), std::vector<std::string>{c.problem}) << c.yaml;
    EXPECT_EQ(problems_of("\xef\xbb\xbf"
                          "a: \xc3\xbc \xf0\x9f\x8d\x8e\r\n"),
              std::vector<std::string>{});
}

TEST(yaml_tree, is_bounded) {
    const auto repeated = [](const std::string& text, int times) {
        std::string out;
        for (int i = 0; i < times; ++i) out += text;
        return out;
    };
    std::string bomb = "a: &a [x, x]\n";
    for (char c = 'b'; c <= 'z'; ++c)
        bomb.append(1, c)
            .append(": &")
            .append(1, c)
            .append(" [*")
            .append(1, static_cast<char>(c - 1))
            .append(", *")
            .append(1, static_cast<char>(c - 1))
            .append("]\n");

    struct {
        const char* name;
        std::string yaml;
        const char* problem;
    } cases[] = {
        {"size", std::string(1024 * 1024 + 1, '#'), "larger than 1MiB"},
        {"flow depth", repeated("[", 1'000'000), "nested more than 32 levels deep"},
        {"map depth", repeated("{", 1'000'000), "nested more than 32 levels deep"},
        {"block depth", repeated("- ", 500'000), "nested more than 32 levels deep"},
        {"values", "a: [" + repeated("x,", 500'000) + "]", "more than 20000 values in one file"},
        {"keys",
         [] {
             std::string s;
             for (int i = 0; i < 20'000; ++i) s += "k" + std::to_string(i) + ": 1\n";
             return s;
         }(),
         "more than 20000 values in one file"},
    };
    for (const auto& c : cases) {
        const auto found = problems_of(c.yaml);
        ASSERT_EQ(found.size(), 1u) << c.name;
        EXPECT_TRUE(found[0].ends_with(c.problem)) << c.name << ": " << found[0];
    }
    EXPECT_EQ(problems_of(bomb).size(), 50u);  // each alias once
}

// Whatever stands in a file: an answer, in bounded time, without a crash.
TEST(yaml_tree, survives_broken_files) {
    const auto root = std::filesystem::path(VESTIBULE_ROOT);
    const auto good = read_file((root / "config/reference.yaml").string(), max_file_bytes).text;
    ASSERT_FALSE(good.empty());
    const std::string spice = "{}[]:,-#&*!|>'\"%@`?$~\n\t \\ \x04\x80\xc3";
    std::mt19937 random(20'240'229);
    int without_problem = 0;
    for (int round = 0; round < 1500; ++round) {
        auto yaml = good;
        for (auto edits = 1 + random() % 4; edits > 0; --edits) {
            const auto at = random() % yaml.size();
            switch (random() % 4) {
                case 0: yaml.erase(at, 1 + random() % 20); break;
                case 1: yaml.insert(at, 1, spice[random() % spice.size()]); break;
                case 2: yaml[at] = spice[random() % spice.size()]; break;
                case 3: yaml.insert(at, yaml.substr(random() % yaml.size(), random() % 200)); break;
            }
        }
        const auto loaded =
            load_text(yaml, fake_environment({{"SESSION_SECRET", "0123456789abcdef"}}), "/nonexistent");
        EXPECT_EQ(loaded.value.has_value(), loaded.problems.empty());
        without_problem += loaded.problems.empty();
        for (const auto& p : loaded.problems) EXPECT_FALSE(p.message.empty());
    }
    EXPECT_GT(without_problem, 0);
    EXPECT_LT(without_problem, 1500);
}

}  // namespace
}  // namespace vestibule::config

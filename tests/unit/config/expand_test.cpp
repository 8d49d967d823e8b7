#include "config/expand.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

namespace vestibule::config {
namespace {

const environment given =
    fake_environment({{"A", "apple"}, {"EMPTY", ""}, {"_b2", "$A ${A}"}, {"BIG", std::string(40'000, 'x')}});

TEST(expand, replaces_variables) {
    struct {
        const char* raw;
        const char* text;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"${A}", "apple"},
        {"<${A}|${A}>", "<apple|apple>"},
        {"${A:-x}", "apple"},
        {"${EMPTY}", ""},
        {"${EMPTY:-x}", "x"},
        {"${NONE:-}", ""},
        {"${NONE:-memory:}", "memory:"},
        {"${NONE:-redis://h:1/0}", "redis://h:1/0"},
        {"${NONE:-a:-b}", "a:-b"},
        {"${_b2}", "$A ${A}"},  // what comes in is not looked at again
        {"$$", "$"},
        {"$${A}", "${A}"},
        {"$$$$", "$$"},
        {"$A", "$A"},
        {"a$", "a$"},
        {"$ {A}", "$ {A}"},
        {"$$${A}", "$apple"},
    };
    for (const auto& c : cases) {
        const auto out = expand(c.raw, given);
        EXPECT_EQ(out.errors, std::vector<std::string>{}) << c.raw;
        EXPECT_EQ(out.text, c.text) << c.raw;
    }
}

TEST(expand, tells_every_error) {
    struct {
        const char* raw;
        std::vector<std::string> errors;
    } cases[] = {
        {"${NONE}", {"environment variable NONE is not set (set it, or write ${NONE:-default})"}},
        {"${NONE}${A}${NADA}",
         {"environment variable NONE is not set (set it, or write ${NONE:-default})",
          "environment variable NADA is not set (set it, or write ${NADA:-default})"}},
        {"${}", {"${} is not a variable (${NAME} or ${NAME:-default}; $$ is a dollar)"}},
        {"${1A}", {"${1A} is not a variable (${NAME} or ${NAME:-default}; $$ is a dollar)"}},
        {"${A-x}", {"${A-x} is not a variable (${NAME} or ${NAME:-default}; $$ is a dollar)"}},
        {"${ A }", {"${ A } is not a variable (${NAME} or ${NAME:-default}; $$ is a dollar)"}},
        {"${A", {"has a ${ without its } ($$ is a dollar)"}},
        {"${", {"has a ${ without its } ($$ is a dollar)"}},
        {"${NONE:-${A}}", {"the default of NONE holds another ${ (it has to be plain text)"}},
    };
    for (const auto& c : cases) EXPECT_EQ(expand(c.raw, given).errors, c.errors) << c.raw;
}

TEST(expand, is_bounded) {
    std::string raw;
    for (int i = 0; i < 100'000; ++i) raw += "${BIG}";
    const auto out = expand(raw, given);
    EXPECT_EQ(out.errors, std::vector<std::string>{"is longer than 64KiB with its variables replaced"});
    EXPECT_LT(out.text.size(), 200'000u);
}

}  // namespace
}  // namespace vestibule::config

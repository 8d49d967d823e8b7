// What sentinels say, as text.
#include "store/sentinels.hpp"

#include "decoded.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vestibule::test {
namespace {

using namespace store;

TEST(read_primary, takes_host_and_port) {
    std::string problem;
    EXPECT_EQ(read_primary(decoded("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"), problem),
              (net::endpoint{"127.0.0.1", 6379, {}}));
    EXPECT_EQ(read_primary(decoded("*2\r\n$3\r\n::1\r\n$1\r\n1\r\n"), problem),
              (net::endpoint{"::1", 1, {}}));
}

TEST(read_primary, says_what_is_wrong) {
    const std::pair<const char*, const char*> rows[] = {
        {"*-1\r\n", "the sentinel knows nobody by that name"},
        {"-ERR unknown command 'SENTINEL'\r\n", "the sentinel refuses: ERR"},
        {"-NOAUTH secret\r\n", "the sentinel refuses: NOAUTH"},
        {"+OK\r\n", "what answers is no sentinel"},
        {"*2\r\n$0\r\n\r\n$4\r\n6379\r\n", "what answers is no sentinel"},
        {"*2\r\n$1\r\na\r\n$1\r\n0\r\n", "what answers is no sentinel"},
        {"*2\r\n$1\r\na\r\n$5\r\n65536\r\n", "what answers is no sentinel"},
        {"*2\r\n$1\r\na\r\n$2\r\n1x\r\n", "what answers is no sentinel"},
        {"*3\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\n1\r\n", "what answers is no sentinel"},
    };
    for (const auto& [bytes, expected] : rows) {
        std::string problem;
        EXPECT_FALSE(read_primary(decoded(bytes), problem)) << bytes;
        EXPECT_EQ(problem, expected) << bytes;
    }
}

TEST(read_switch, is_about_one_name_alone) {
    EXPECT_EQ(read_switch("main 10.0.0.1 6379 10.0.0.2 6380", "main"), (net::endpoint{"10.0.0.2", 6380, {}}));
    for (const char* text : {"other 10.0.0.1 6379 10.0.0.2 6380", "main 10.0.0.1 6379 10.0.0.2", "main", "",
                             "main 10.0.0.1 6379 10.0.0.2 x", "main 10.0.0.1 6379  6380"})
        EXPECT_FALSE(read_switch(text, "main")) << text;
}

}  // namespace
}  // namespace vestibule::test

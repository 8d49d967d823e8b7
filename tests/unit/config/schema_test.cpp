#include "config/schema.hpp"

#include <gtest/gtest.h>

#include <set>

namespace vestibule::config {
namespace {

TEST(schema, finds_maps_by_the_paths_of_messages) {
    ASSERT_TRUE(find_known_map(""));
    ASSERT_TRUE(find_known_map("session.cookie"));
    ASSERT_TRUE(find_known_map("routes[0].match"));
    EXPECT_EQ(find_known_map("routes[17].match"), find_known_map("routes[0].match"));
    EXPECT_FALSE(find_known_map("inject.headers"));
    EXPECT_FALSE(find_known_map("routes.match"));
}

TEST(schema, names_each_key_once) {
    std::set<std::string_view> paths;
    for (const auto& map : known_maps()) {
        EXPECT_TRUE(paths.insert(map.path).second) << map.path;
        std::set<std::string_view> names;
        for (const auto& key : map.keys)
            EXPECT_TRUE(names.insert(key.name).second) << map.path << " " << key.name;
    }
}

TEST(schema, nearest) {
    const std::vector<std::string_view> words{"session", "store", "same_site", "url", "id", "on"};
    struct {
        const char* word;
        const char* near;  // "": none
    } cases[] = {
        {"session", "session"},
        {"sesion", "session"},
        {"sessoin", "session"},
        {"Session", "session"},
        {"stroe", "store"},
        {"sameSite", "same_site"},
        {"same-site", "same_site"},
        {"ulr", "url"},
        {"urls", "url"},
        {"x", ""},
        {"id2", "id"},
        {"zzzzzz", ""},
        {"ne", ""},
        {"", ""},
        {"host", ""},
    };
    for (const auto& c : cases) EXPECT_EQ(nearest(c.word, words).value_or(""), c.near) << c.word;
    EXPECT_EQ(nearest(std::string(1'000'000, 's'), words), std::nullopt);
}

TEST(schema, right_key) {
    const auto& top = *find_known_map("");
    EXPECT_EQ(right_key(top, "lisen"), "did you mean \"listen\"?");
    EXPECT_EQ(right_key(top, "same_site"), "did you mean session.cookie.same_site?");
    EXPECT_EQ(right_key(*find_known_map("log"), "colour"), "known here: level, access, sessions, format");
}

}  // namespace
}  // namespace vestibule::config

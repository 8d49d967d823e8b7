#include <vestibule/http/form.hpp>

#include <gtest/gtest.h>

namespace vestibule::http {
namespace {

TEST(form_value, table) {
    EXPECT_EQ(form_value("username=zo%C3%AB+m&password=x", "username"), "zo\xc3\xab m");
    EXPECT_EQ(form_value("a", "a"), "");
    EXPECT_EQ(form_value("a=", "a"), "");
    EXPECT_EQ(form_value("a=b=c", "a"), "b=c");
    EXPECT_EQ(form_value("&&a=%zz%4&", "a"), "%zz%4");
    EXPECT_EQ(form_value("", "a"), std::nullopt);
    EXPECT_EQ(form_value("ab=1", "a"), std::nullopt);
    EXPECT_EQ(form_value("a=%ff", "a"), std::nullopt);
    EXPECT_EQ(form_value("a=%+1", "a"), "% 1");
}

// What some backend would read in another way is not read at all.
TEST(form_value, never_where_readers_differ) {
    for (const char* form : {"u=ada&u=bob", "u=ada&%20u=bob", "u=ada&u%00=bob", "u=ada&u%00x=bob",
                             "u=ada&more=;u=bob", "u=ada;u=bob", "u=a;b", "u=ada&U=bob", "u=ada&u[]=bob",
                             "u=ada&u%5Bx%5D=bob", "u=ada%00bob", "+u=bob&u=ada"})
        EXPECT_EQ(form_value(form, "u"), std::nullopt) << form;
    EXPECT_EQ(form_value("user.name=ada&user_name=bob", "user_name"), std::nullopt);
    EXPECT_EQ(form_value("u=ada&more=;v=bob", "u"), "ada");
    EXPECT_TRUE(form_mentions("x=1;U=2", "u"));
    EXPECT_FALSE(form_mentions("x=u&uu=2", "u"));
}

TEST(is_media_type, table) {
    EXPECT_TRUE(is_media_type("application/json", "application/json"));
    EXPECT_TRUE(is_media_type("Application/JSON ; charset=utf-8", "application/json"));
    EXPECT_FALSE(is_media_type("application/jsonx", "application/json"));
    EXPECT_FALSE(is_media_type("", "application/json"));
    EXPECT_FALSE(is_media_type("application/json,text/html", "application/json"));
    EXPECT_FALSE(is_media_type("application/json;a=b, x", "application/json"));
}

}  // namespace
}  // namespace vestibule::http

#include <vestibule/http/form.hpp>

#include <gtest/gtest.h>

namespace vestibule::http {
namespace {

TEST(form_value, table) {
    EXPECT_EQ(form_value("username=zo%C3%AB+m&password=x", "username"), "zo\xc3\xab m");
    EXPECT_EQ(form_value("a=1&b=2&a=3", "a"), "1");
    EXPECT_EQ(form_value("a%5Bb%5D=c", "a[b]"), "c");
    EXPECT_EQ(form_value("a", "a"), "");
    EXPECT_EQ(form_value("a=", "a"), "");
    EXPECT_EQ(form_value("a=b=c", "a"), "b=c");
    EXPECT_EQ(form_value("&&a=%zz%4&", "a"), "%zz%4");
    EXPECT_EQ(form_value("", "a"), std::nullopt);
    EXPECT_EQ(form_value("ab=1", "a"), std::nullopt);
    EXPECT_EQ(form_value("a=%ff", "a"), std::nullopt);
    EXPECT_EQ(form_value("a=%+1", "a"), "% 1");
}

TEST(is_media_type, table) {
    EXPECT_TRUE(is_media_type("application/json", "application/json"));
    EXPECT_TRUE(is_media_type("Application/JSON ; charset=utf-8", "application/json"));
    EXPECT_FALSE(is_media_type("application/jsonx", "application/json"));
    EXPECT_FALSE(is_media_type("", "application/json"));
}

}  // namespace
}  // namespace vestibule::http

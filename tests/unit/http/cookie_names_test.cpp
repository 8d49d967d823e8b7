#include <vestibule/http/cookie_names.hpp>

#include <gtest/gtest.h>

namespace vestibule::http {
namespace {

TEST(may_hold_cookie, spellings_of_a_name) {
    for (const char* part : {"my_sess=1",         " my_sess = 1 ",    "my_sess",
                             "my_sess=",          "my.sess=1",        "my sess=1",
                             "my[sess=1",         "my_sess[a]=1",     "my_sess%5Ba]=1",
                             "MY_SESS=1",         "m%79_sess=1",      "m%79.S%45SS=1",
                             "%20my_sess=1",      "+my_sess=1",       "%0a%09my_sess=1",
                             "a=1,my_sess=2",     "a=1, my_sess=2",   "a=1 my_sess=2",
                             "a=\"1\" my_sess=2", "a=\"1\"my_sess=2", "$Version=1, my_sess=2",
                             "a=my_sess=2",       "my%2esess=1",      "my_sess%00x=1"})
        EXPECT_TRUE(may_hold_cookie(part, "my_sess")) << part;
    for (const char* part :
         {"", "=", "=1", "a=my_sess", "my_sess2=1", "xmy_sess=1", "mysess=1", "my__sess=1", "my_ses=1",
          "my%_sess=1", "my_sess%=1", "my_sess]=1", "a=b", "a=my_sess2=1", "%", "%6=1"})
        EXPECT_FALSE(may_hold_cookie(part, "my_sess")) << part;
    EXPECT_TRUE(may_hold_cookie("a%41=1", "a%41"));
    EXPECT_TRUE(may_hold_cookie("PHPSESSID=x", "PHPSESSID"));
}

}  // namespace
}  // namespace vestibule::http

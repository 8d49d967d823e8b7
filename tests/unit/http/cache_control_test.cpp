#include <vestibule/http/cache_control.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vestibule::http {
namespace {

TEST(append_private_cache_control, table) {
    const struct {
        std::vector<std::string_view> lines;
        std::string_view value;
    } cases[] = {
        {{}, "private"},
        {{""}, "private"},
        {{"public"}, "private"},
        {{"PUBLIC, Max-Age=60"}, "Max-Age=60, private"},
        {{"public, s-maxage=60, proxy-revalidate, max-age=5"}, "max-age=5, private"},
        {{"private"}, "private"},
        {{"Private, max-age=5"}, "Private, max-age=5"},
        {{"no-store"}, "no-store"},
        {{"no-cache"}, "no-cache, private"},
        {{"no-cache, no-store, must-revalidate"}, "no-cache, no-store, must-revalidate"},
        {{"max-age=5", "public", "no-transform"}, "max-age=5, no-transform, private"},
        {{"private=\"x-user\""}, "private=\"x-user\", private"},
        {{"private=\"a, public\", max-age=1"}, "private=\"a, public\", max-age=1, private"},
        {{"no-cache=\"set-cookie\", public"}, "no-cache=\"set-cookie\", private"},
        {{"x=\"a\\\"b, no-store\", public"}, "x=\"a\\\"b, no-store\", private"},
        {{"community=\"UCI\""}, "community=\"UCI\", private"},
        {{" , ,max-age=1,, "}, "max-age=1, private"},
        {{"max-age=1,public,immutable"}, "max-age=1, immutable, private"},
        {{"no-store=1"}, "no-store=1"},
        // Not directives: not passed on.
        {{"max-age=60 public"}, "private"},
        {{"public max-age=60, immutable"}, "immutable, private"},
        {{"max-age="}, "private"},
        {{"x=\"open, no-store"}, "private"},
        {{"max-age=1, x=\"open, no-store", "immutable"}, "max-age=1, immutable, private"},
        {{"x=\"a\"b"}, "private"},
        {{"=1, private=\"\\\""}, "private"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.lines.empty() ? "" : c.lines[0]);
        field_list fields;
        fields.push({field_id::content_type, "Content-Type", "no-store"});
        for (const auto line : c.lines) fields.push({field_id::cache_control, "Cache-Control", line});
        std::string out;
        append_private_cache_control(out, fields);
        EXPECT_EQ(out, "Cache-Control: " + std::string(c.value) + "\r\n");
    }
}

TEST(is_shared_cache_field, table) {
    const struct {
        std::string name;
        bool shared;
    } cases[] = {
        {"Cache-Control", true},
        {"cache-control", true},
        {"Surrogate-Control", true},
        {"CDN-Cache-Control", true},
        {"example-cache-control", true},
        {"Expires", false},
        {"-cache-control", false},
        {"X-Cache", false},
        {"Surrogate-Key", false},
        {"Cache-Control-X", false},
        {"Pragma", false},
    };
    for (const auto& c : cases) {
        const auto bytes = "HTTP/1.1 200 OK\r\n" + c.name + ": x\r\n\r\n";
        response_head head;
        ASSERT_FALSE(parse_response_head(bytes, head));
        EXPECT_EQ(is_shared_cache_field(*head.fields.begin()), c.shared) << c.name;
    }
}

}  // namespace
}  // namespace vestibule::http

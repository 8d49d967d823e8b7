#include "admin/api_call.hpp"

#include <gtest/gtest.h>

namespace vestibule::admin {
namespace {

constexpr const char* handle = "abcdefghijklmnopqrst-_";

/// What is meant as text, or the status of the refusal with what it allows.
std::string read(http::verb method, std::string target) {
    if (const auto at = target.find("HANDLE"); at != target.npos) target.replace(at, 6, handle);
    const auto r = read_call(method, target);
    if (const auto* refused = std::get_if<api_answer>(&r)) {
        const std::string status = std::to_string(static_cast<unsigned>(refused->status));
        EXPECT_TRUE(refused->body.starts_with("{\"error\":\"")) << refused->body;
        return status + (refused->allow.empty() ? "" : " " + std::string(refused->allow));
    }
    const auto& c = std::get<api_call>(r);
    const char* const names[] = {"list", "count", "show", "revoke", "revoke_all"};
    std::string out = names[static_cast<int>(c.action)];
    if (!c.handle.empty()) out += c.handle == handle ? " HANDLE" : " another handle";
    if (!c.user.empty()) out += " user=" + c.user;
    if (c.limit != 100) out += " limit=" + std::to_string(c.limit);
    if (!c.cursor.empty()) out += " cursor=" + c.cursor;
    if (c.content) out += " content";
    return out;
}

TEST(api_call, is_read_from_method_and_target) {
    constexpr auto get = http::verb::get, remove = http::verb::delete_;
    struct {
        http::verb method;
        const char* target;
        const char* meant;
    } cases[] = {
        {get, "/api/sessions", "list"},
        {http::verb::head, "/api/sessions", "list"},
        {get, "/api/sessions?", "list"},
        {get, "/api/sessions?user=alice&limit=7&cursor=12.abcdefghijklmnopqrstuv",
         "list user=alice limit=7 cursor=12.abcdefghijklmnopqrstuv"},
        {get, "/api/sessions?user=J%C3%BCrgen+M%26M%2B", "list user=J\xC3\xBCrgen M&M+"},
        {get, "/api/sessions?limit=1000", "list limit=1000"},
        {get, "/api/sessions?limit=1001", "400"},
        {get, "/api/sessions?limit=0", "400"},
        {get, "/api/sessions?limit=-1", "400"},
        {get, "/api/sessions?limit=1x", "400"},
        {get, "/api/sessions?limit=", "400"},
        {get, "/api/sessions?limit=99999999999999999999", "400"},
        {get, "/api/sessions?user=", "400"},
        {get, "/api/sessions?user", "400"},
        {get, "/api/sessions?user=%FF", "400"},
        {get, "/api/sessions?user=%zz", "400"},
        {get, "/api/sessions?cursor=x", "400"},
        {get, "/api/sessions?content=1", "400"},
        {get, "/api/sessions?users=a", "400"},
        {get, "/api/sessions?limit=1&limit=2", "400"},
        {get, "/api/sessions?user=a&user=b", "400"},
        {get, "/api/sessions/count", "count"},
        {get, "/api/sessions/count?user=alice", "count user=alice"},
        {get, "/api/sessions/count?limit=3", "400"},
        {remove, "/api/sessions/count", "405 GET, HEAD"},
        {get, "/api/sessions/HANDLE", "show HANDLE"},
        {get, "/api/sessions/HANDLE?content=1", "show HANDLE content"},
        {get, "/api/sessions/HANDLE?content=true&user=alice", "show HANDLE user=alice content"},
        {get, "/api/sessions/HANDLE?content=0", "show HANDLE"},
        {get, "/api/sessions/HANDLE?content=yes", "400"},
        {get, "/api/sessions/%61bcdefghijklmnopqrst-_", "show HANDLE"},
        {remove, "/api/sessions/HANDLE", "revoke HANDLE"},
        {remove, "/api/sessions/HANDLE?user=alice", "revoke HANDLE user=alice"},
        {remove, "/api/sessions/HANDLE?content=1", "400"},
        {http::verb::post, "/api/sessions/HANDLE", "405 GET, HEAD, DELETE"},
        {http::verb::options, "/api/sessions/HANDLE", "405 GET, HEAD, DELETE"},
        {get, "/api/sessions/short", "404"},
        {get, "/api/sessions/abcdefghijklmnopqrstuvwxyz012345", "404"},
        {remove, "/api/sessions/", "404"},
        {remove, "/api/sessions", "405 GET, HEAD"},
        {http::verb::post, "/api/sessions", "405 GET, HEAD"},
        {remove, "/api/users/alice/sessions", "revoke_all user=alice"},
        {remove, "/api/users/a%2Fb%20%C3%BC/sessions", "revoke_all user=a/b \xC3\xBC"},
        {remove, "/api/users/a+b/sessions", "revoke_all user=a+b"},
        {remove, "/api/users/count/sessions", "revoke_all user=count"},
        {remove, "/api/users/alice/sessions?user=bob", "400"},
        {remove, "/api/users/%FF/sessions", "400"},
        {remove, "/api/users//sessions", "400"},
        {get, "/api/users/alice/sessions", "405 DELETE"},
        {remove, "/api/users/alice", "404"},
        {remove, "/api/users", "404"},
        {get, "/api/", "404"},
        {get, "/api/nothing", "404"},
        {get, "/api/sessions/HANDLE/more", "404"},
        {get, "/api/sessions/..", "404"},
        {get, "/api/%", "400"},
        {get, "/api/sessions?a=%", "400"},
        {get, "/api/ x", "400"},
    };
    for (const auto& c : cases) EXPECT_EQ(read(c.method, c.target), c.meant) << c.target;
}

}  // namespace
}  // namespace vestibule::admin

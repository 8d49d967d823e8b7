#include "admin/session_api.hpp"

#include <vestibule/base/logger.hpp>
#include <vestibule/store/memory_store.hpp>

#include "run_task.hpp"

#include <gtest/gtest.h>

namespace vestibule::admin {
namespace {

class session_api : public testing::Test {
  protected:
    session_api() {
        log::start({.min_level = log::level::off, .access = false});
        session::lifecycle_params life;
        life.user = session::json_pointer::parse("/user/id").value();
        sessions = std::make_shared<const session::directory>(*store, make_handle, life);
    }

    std::string login(const std::string& sid, const std::string& value) {
        EXPECT_TRUE(test::run(io, store->create(sid, value, std::nullopt)));
        return make_handle(sid);
    }
    api_answer ask(http::verb method, const std::string& target) {
        return test::run(io, answer_sessions(sessions, {.method = method, .target = target}, ended));
    }

    boost::asio::io_context io;
    metrics_registry metrics;
    std::shared_ptr<store::memory_sessions> memory =
        std::make_shared<store::memory_sessions>(1 << 20, real_clock(), metrics);
    std::unique_ptr<session::session_store> store = store::make_memory_store(memory, metrics);
    session::handle_maker make_handle{"a key of handles"};
    std::shared_ptr<const session::directory> sessions;
    metric_cell ended;
};

constexpr auto get = http::verb::get, remove = http::verb::delete_;

TEST_F(session_api, is_empty_at_first) {
    EXPECT_EQ(ask(get, "/api/sessions").body, "{\"sessions\":[],\"next\":null}\n");
    EXPECT_EQ(ask(get, "/api/sessions/count").body, "{\"count\":0}\n");
    EXPECT_EQ(ask(remove, "/api/users/alice/sessions").body, "{\"ended\":0}\n");
    EXPECT_EQ(ask(get, "/api/sessions/abcdefghijklmnopqrstuv").status, http::status::not_found);
    EXPECT_EQ(ask(remove, "/api/sessions/abcdefghijklmnopqrstuv").status, http::status::not_found);
}

TEST_F(session_api, shows_and_ends_one) {
    const std::string handle = login("the-sid-of-alice", R"({"cookie":{"path":"/"},"user":{"id":"alice"}})");
    EXPECT_EQ(ask(get, "/api/sessions").body,
              "{\"sessions\":[{\"handle\":\"" + handle +
                  R"(","state":"live","user":"alice","ttl":null,"since":null,"ends":null,)"
                  R"("renewed":null,"bytes":45}],)"
                  "\"next\":null}\n");
    const api_answer shown = ask(get, "/api/sessions/" + handle + "?content=1");
    EXPECT_NE(shown.body.find(R"({"name":"user","type":"object","bytes":14,"value":{"id":"alice"}}]})"),
              std::string::npos)
        << shown.body;
    EXPECT_EQ(shown.body.find("the-sid"), std::string::npos);
    const api_answer done = ask(remove, "/api/sessions/" + handle);
    EXPECT_EQ(done.status, http::status::no_content);
    EXPECT_EQ(done.body, "");
    EXPECT_EQ(ended.get(), 1);
    EXPECT_EQ(ask(remove, "/api/sessions/" + handle).status, http::status::not_found);
    EXPECT_EQ(ask(get, "/api/sessions/count").body, "{\"count\":0}\n");
}

TEST_F(session_api, ends_all_of_a_user) {
    for (int i = 0; i < 50; ++i)
        login("sid-" + std::to_string(i),
              i % 2 ? R"({"cookie":{},"user":{"id":"a/b"}})" : R"({"cookie":{}})");
    EXPECT_EQ(ask(get, "/api/sessions/count?user=a/b").body, "{\"count\":25}\n");
    EXPECT_EQ(ask(remove, "/api/users/a%2Fb/sessions").body, "{\"ended\":25}\n");
    EXPECT_EQ(ended.get(), 25);
    EXPECT_EQ(ask(get, "/api/sessions/count").body, "{\"count\":25}\n");
}

TEST_F(session_api, ends_no_value_that_is_no_document) {
    const std::string handle = login("sid", "[secret]");
    EXPECT_NE(ask(get, "/api/sessions").body.find("\"state\":\"malformed\""), std::string::npos);
    EXPECT_EQ(ask(get, "/api/sessions/" + handle + "?content=1").body.find("secret"), std::string::npos);
    EXPECT_EQ(ask(remove, "/api/sessions/" + handle).status, http::status::conflict);
    EXPECT_EQ(ask(get, "/api/sessions/count").body, "{\"count\":1}\n");
    EXPECT_EQ(ended.get(), 0);
}

TEST_F(session_api, goes_on_at_the_cursor) {
    for (int i = 0; i < 25; ++i) login("sid-" + std::to_string(i), R"({"cookie":{}})");
    std::size_t found = 0, pages = 0;
    for (std::string cursor, target = "/api/sessions?limit=10"; !target.empty(); ++pages) {
        const std::string body = ask(get, target).body;
        for (auto at = body.find("\"handle\""); at != body.npos; at = body.find("\"handle\"", at + 1))
            ++found;
        const auto next = body.rfind("\"next\":\"");
        target = next == body.npos
                     ? ""
                     : "/api/sessions?limit=10&cursor=" + body.substr(next + 8, body.rfind('"') - next - 8);
    }
    EXPECT_EQ(found, 25u);
    EXPECT_EQ(pages, 3u);
}

}  // namespace
}  // namespace vestibule::admin

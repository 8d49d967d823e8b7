#include <vestibule/session/directory.hpp>

#include <vestibule/session/identity.hpp>
#include <vestibule/store/memory_store.hpp>

#include "run_task.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace vestibule::session {
namespace {

// The embedded store, and how often it still answers.
class fragile_store final : public session_store {
  public:
    explicit fragile_store(session_store& s) : store_(s) {}

    task<result<session_ptr>> load(std::string_view sid) override {
        ++now_loading;
        most_loading = std::max(most_loading, now_loading);
        result<session_ptr> answer = make_error_code(errc::store_timeout);
        if (!breaks()) answer = co_await store_.load(sid);
        --now_loading;
        co_return answer;
    }
    task<result<write_outcome>> create(std::string_view sid, std::string_view v,
                                       std::optional<seconds> t) override {
        return store_.create(sid, v, t);
    }
    task<result<write_outcome>> compare_and_set(std::string_view, std::string_view,
                                                std::string_view) override {
        co_return make_error_code(errc::store_refused);
    }
    task<result<write_outcome>> touch(std::string_view, seconds) override {
        co_return make_error_code(errc::store_refused);
    }
    task<result<destroyed>> destroy(std::string_view sid) override {
        if (breaks()) co_return make_error_code(errc::store_timeout);
        co_return co_await store_.destroy(sid);
    }
    task<result<write_outcome>> retire(std::string_view, std::string_view, std::string_view, bool,
                                       milliseconds) override {
        co_return make_error_code(errc::store_refused);
    }
    task<result<std::vector<std::string>>> make_room(std::string_view, std::string_view,
                                                     std::size_t) override {
        co_return std::vector<std::string>();
    }
    task<result<write_outcome>> claim(std::string_view, std::string_view, milliseconds) override {
        co_return write_outcome::done;
    }
    task<result<std::size_t>> enlist(std::string_view u, std::string_view sid,
                                     std::optional<seconds> t) override {
        return store_.enlist(u, sid, t);
    }
    task<result<void>> delist(std::string_view user, std::string_view sid) override {
        if (breaks()) co_return make_error_code(errc::store_timeout);
        co_return co_await store_.delist(user, sid);
    }
    task<result<std::vector<std::string>>> sessions_of(std::string_view user) override {
        if (breaks()) co_return make_error_code(errc::store_timeout);
        co_return co_await store_.sessions_of(user);
    }
    task<result<sid_page>> scan(std::string_view from, std::size_t count) override {
        if (breaks()) co_return make_error_code(errc::store_timeout);
        largest_page = std::max(largest_page, count);
        co_return co_await store_.scan(from, std::min(count, page));
    }
    task<result<void>> ping() override { return store_.ping(); }

    std::size_t page = 500;
    std::optional<std::size_t> answers_left{};
    std::size_t largest_page = 0, now_loading = 0, most_loading = 0;

  private:
    bool breaks() { return answers_left && (*answers_left == 0 || (--*answers_left, false)); }
    session_store& store_;
};

class directory_test : public testing::Test {
  protected:
    directory_test() { life.user = json_pointer::parse("/user/id").value(); }

    void put(const std::string& sid, const std::string& value) {
        EXPECT_EQ(run(store.create(sid, value, seconds(3600))).value(), write_outcome::done);
    }
    std::string login(const std::string& sid, const std::string& user) {
        put(sid, R"({"cookie":{},"user":{"id":)" + json_string(user) + "}}");
        return make_handle(sid);
    }
    bool stored(const std::string& sid) {
        const auto s = run(store.load(sid)).value();
        return s && s->state == standing::live;
    }
    directory sessions(directory::pause_function pause = {}) { return {store, make_handle, life, pause}; }

    /// All pages of a list.
    std::vector<session_summary> all(const std::string& user, std::size_t limit,
                                     std::size_t* pages = nullptr) {
        std::vector<session_summary> out;
        std::string next;
        do {
            const session_page page = run(sessions().list(user, next, limit)).value();
            EXPECT_LE(page.sessions.size(), limit);
            out.insert(out.end(), page.sessions.begin(), page.sessions.end());
            next = page.next;
            EXPECT_TRUE(is_page_mark(next)) << next;
            if (pages != nullptr) ++*pages;
        } while (!next.empty());
        return out;
    }

    template <class T>
    T run(task<T> t) {
        return test::run(io, std::move(t));
    }

    boost::asio::io_context io;
    metrics_registry metrics;
    std::shared_ptr<store::memory_sessions> memory =
        std::make_shared<store::memory_sessions>(64 << 20, real_clock(), metrics);
    std::unique_ptr<session_store> direct = store::make_memory_store(memory, metrics);
    fragile_store store{*direct};
    handle_maker make_handle{"a key of handles"};
    lifecycle_params life;
};

TEST_F(directory_test, lists_and_counts_all_or_those_of_a_user) {
    const std::set<std::string> of_alice{login("a1", "alice"), login("a2", "alice")};
    login("b1", "bob");
    put("nobody", R"({"cookie":{}})");
    put("malformed", "no document");

    EXPECT_EQ(all("", 100).size(), 5u);
    EXPECT_EQ(run(sessions().count("")).value(), 5u);
    std::set<std::string> found;
    for (const session_summary& s : all("alice", 100)) {
        EXPECT_EQ(s.user, "alice");
        EXPECT_EQ(s.state, session_state::live);
        found.insert(s.handle);
    }
    EXPECT_EQ(found, of_alice);
    EXPECT_EQ(run(sessions().count("alice")).value(), 2u);
    EXPECT_EQ(run(sessions().count("bob")).value(), 1u);
    EXPECT_EQ(run(sessions().count("carol")).value(), 0u);
    EXPECT_TRUE(all("carol", 100).empty());
}

TEST_F(directory_test, users_are_compared_as_they_are_written) {
    for (const char* user : {"J\xC3\xBCrgen", " root", "100%", "root", "%20root"}) {
        login(std::string("of ") + user, user);
        EXPECT_EQ(run(sessions().count(user)).value(), 1u) << user;
        EXPECT_EQ(all(user, 10).at(0).user, user);
    }
    put("number", R"({"cookie":{},"user":{"id":42}})");
    EXPECT_EQ(run(sessions().count("42")).value(), 1u);
}

TEST_F(directory_test, pages_miss_nothing_and_tell_nothing_twice) {
    std::set<std::string> expected;
    for (int i = 0; i < 1000; ++i)
        expected.insert(login("sid-" + std::to_string(i), i % 10 == 0 ? "alice" : "bob"));
    for (const std::size_t limit : {7, 33, 500, 1000, 5000}) {
        std::set<std::string> found;
        std::size_t pages = 0;
        const auto told = all("", limit, &pages);
        for (const session_summary& s : told) found.insert(s.handle);
        EXPECT_EQ(told.size(), 1000u) << limit;
        EXPECT_EQ(found, expected) << limit;
        EXPECT_LE(pages, 1000 / limit + 1) << limit;
        EXPECT_EQ(all("alice", limit).size(), 100u) << limit;
    }
    EXPECT_EQ(run(sessions().count("alice")).value(), 100u);
    EXPECT_LE(store.largest_page, 500u);
    EXPECT_LE(store.most_loading, 32u);
}

TEST_F(directory_test, a_page_goes_on_behind_a_session_that_ended) {
    for (int i = 0; i < 100; ++i) login("sid-" + std::to_string(i), "alice");
    const session_page first = run(sessions().list("", "", 10)).value();
    for (const session_summary& s : first.sessions)
        EXPECT_EQ(run(sessions().revoke(s.handle, "")).value(), revocation::ended);
    std::size_t rest = 0;
    for (std::string next = first.next; !next.empty();) {
        const session_page page = run(sessions().list("", next, 10)).value();
        rest += page.sessions.size();
        next = page.next;
    }
    EXPECT_EQ(rest, 90u);
}

TEST_F(directory_test, a_list_of_a_rare_user_ends_its_page_early) {
    store.page = 10;
    for (int i = 0; i < 1000; ++i) login("sid-" + std::to_string(i), "bob");
    const session_page page = run(sessions().list("alice", "", 10)).value();
    EXPECT_TRUE(page.sessions.empty());
    EXPECT_FALSE(page.next.empty());
    EXPECT_TRUE(all("alice", 10).empty());
}

TEST_F(directory_test, marks_of_pages) {
    for (const char* good : {"", "0", "17", "1:17", ".abcdefghijklmnopqrstuv", "5.abcdefghijklmnopqrst-_"})
        EXPECT_TRUE(is_page_mark(good)) << good;
    for (const char* bad : {"x", "-1", "1.", "1.abc", "1.abcdefghijklmnopqrstuv.", "1 ", "1\r\nFLUSHALL"})
        EXPECT_FALSE(is_page_mark(bad)) << bad;
    EXPECT_FALSE(is_page_mark(std::string(1000, '1')));
}

TEST_F(directory_test, finds_by_handle) {
    const std::string handle = login("the sid", "alice");
    for (int i = 0; i < 1000; ++i) login("sid-" + std::to_string(i), "bob");
    for (const char* user : {"", "alice"}) {
        const auto found = run(sessions().find(handle, user, true)).value();
        ASSERT_TRUE(found) << user;
        EXPECT_EQ(found->summary.handle, handle);
        ASSERT_EQ(found->members.size(), 2u);
        EXPECT_EQ(found->members[1].value, R"({"id":"alice"})");
        EXPECT_FALSE(found->members[0].value);
    }
    EXPECT_FALSE(run(sessions().find(handle, "", false)).value()->members[1].value);
    EXPECT_FALSE(run(sessions().find(handle, "bob", true)).value());
    EXPECT_FALSE(run(sessions().find("abcdefghijklmnopqrstuv", "", true)).value());
    EXPECT_FALSE(run(sessions().find("the sid", "", true)).value()) << "a sid is no name of a session";
}

TEST_F(directory_test, revokes_one) {
    const std::string handle = login("a1", "alice");
    login("a2", "alice");
    EXPECT_EQ(run(store.enlist("alice", "a1", std::nullopt)).value(), 1u);
    EXPECT_EQ(run(sessions().revoke(handle, "bob")).value(), revocation::not_found);
    EXPECT_TRUE(stored("a1"));
    EXPECT_EQ(run(sessions().revoke(handle, "")).value(), revocation::ended);
    EXPECT_EQ(run(store.load("a1")).value()->state, standing::ended) << "a late writer finds its tombstone";
    EXPECT_TRUE(run(store.sessions_of("alice")).value().empty());
    EXPECT_TRUE(stored("a2"));
    EXPECT_EQ(run(sessions().revoke(handle, "")).value(), revocation::not_found);
}

TEST_F(directory_test, revokes_all_of_a_user_listed_or_not) {
    for (int i = 0; i < 600; ++i) login("a" + std::to_string(i), "alice");
    for (int i = 0; i < 100; ++i) run(store.enlist("alice", "a" + std::to_string(i), std::nullopt)).value();
    login("b1", "bob");
    run(store.enlist("alice", "b1", std::nullopt)).value();  // hers once, his now
    put("m1", "no document");
    run(store.enlist("alice", "m1", std::nullopt)).value();
    const mass_revocation done = run(sessions().revoke_all("alice"));
    EXPECT_FALSE(done.failed);
    EXPECT_EQ(done.ended, 600u);
    EXPECT_TRUE(stored("b1") && stored("m1"));
    EXPECT_EQ(run(sessions().count("")).value(), 2u);
    EXPECT_EQ(run(sessions().revoke_all("alice")).ended, 0u);
    EXPECT_EQ(run(sessions().revoke_all("")).ended, 0u) << "nobody is nobody's user";
    EXPECT_TRUE(stored("b1"));
}

TEST_F(directory_test, what_is_no_document_is_never_ended) {
    for (const char* value : {"", "null", "[]", "{\"a\":1}", "{\"cookie\":{}"}) {
        const std::string sid = std::string("malformed ") + value;
        put(sid, value);
        const std::string handle = make_handle(sid);
        EXPECT_EQ(run(sessions().find(handle, "", true)).value()->summary.state, session_state::malformed);
        EXPECT_EQ(run(sessions().revoke(handle, "")).value(), revocation::malformed);
        EXPECT_TRUE(stored(sid));
    }
}

TEST_F(directory_test, names_that_are_no_sids_are_nobodys) {
    put("with\ncontrol", R"({"cookie":{}})");
    put(std::string(300, 'a'), R"({"cookie":{}})");
    EXPECT_EQ(run(sessions().count("")).value(), 0u);
    EXPECT_TRUE(all("", 10).empty());
}

TEST_F(directory_test, without_a_pointer_nobody_has_sessions) {
    login("a1", "alice");
    life.user.reset();
    EXPECT_EQ(run(sessions().count("alice")).value(), 0u);
    EXPECT_EQ(all("", 10).at(0).user, "");
    EXPECT_EQ(run(sessions().revoke_all("alice")).ended, 0u);
}

TEST_F(directory_test, tells_of_a_store_that_fails_wherever_it_does) {
    const std::string handle = login("a1", "alice");
    for (int i = 0; i < 100; ++i) login("sid-" + std::to_string(i), "alice");
    const auto failing = [&](std::size_t answers) {
        store.answers_left = answers;
        return sessions();
    };
    for (std::size_t n = 0; n < 2; ++n) {
        EXPECT_EQ(run(failing(n).list("", "", 200)).error(), errc::store_timeout) << n;
        EXPECT_EQ(run(failing(n).find(handle, "", false)).error(), errc::store_timeout) << n;
        EXPECT_EQ(run(failing(n).count("alice")).error(), errc::store_timeout) << n;
    }
    EXPECT_EQ(run(failing(0).count("")).error(), errc::store_timeout);
    for (std::size_t n = 0; n < 4; ++n)
        EXPECT_EQ(run(failing(n).revoke(handle, "")).error(), errc::store_timeout) << n;
    store.answers_left.reset();
    login("a1", "alice");
    for (const std::size_t n : {0, 1, 2, 50, 200}) {
        const mass_revocation done = run(failing(n).revoke_all("alice"));
        EXPECT_EQ(done.failed, errc::store_timeout) << n;
        EXPECT_LE(done.ended, n);
    }
    store.answers_left.reset();
    EXPECT_GT(run(sessions().revoke_all("alice")).ended, 0u);
    EXPECT_EQ(run(sessions().count("")).value(), 0u);
}

TEST_F(directory_test, pauses_between_pages_and_gives_up_where_it_has_to) {
    store.page = 10;
    for (int i = 0; i < 100; ++i) login("sid-" + std::to_string(i), "alice");
    int pauses = 0;
    const auto up_to = [&](int most) {
        pauses = 0;
        return sessions([&pauses, most]() -> task<bool> { co_return ++pauses <= most; });
    };
    EXPECT_EQ(run(up_to(1000).count("")).value(), 100u);
    EXPECT_GE(pauses, 5);
    EXPECT_EQ(run(up_to(2).count("")).error(), errc::shutting_down);
    EXPECT_EQ(run(up_to(2).list("", "", 1000)).error(), errc::shutting_down);
    EXPECT_EQ(run(up_to(0).revoke_all("alice")).failed, errc::shutting_down);
}

}  // namespace
}  // namespace vestibule::session

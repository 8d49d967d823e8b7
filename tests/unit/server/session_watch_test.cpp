// The watch over a store that answers when the test says so.
#include "server/session_watch.hpp"

#include "run_task.hpp"

#include <vestibule/net/event_loop.hpp>

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace vestibule::server {
namespace {

using session::session_ptr;
using session::write_outcome;

session_ptr alive(const std::string& members = R"("tier":"gold")") {
    return new session::stored_session(R"({"cookie":{"originalMaxAge":86400000},)" + members + "}",
                                       std::chrono::hours(23), mono_now());
}

class slow_store final : public session::session_store {
  public:
    std::map<std::string, session_ptr, std::less<>> at_hand, stored;
    std::vector<std::string> asked;
    error_code broken;
    bool is_reachable = true;
    bool hold = false;  // answers wait for answer()
    std::size_t held = 0;

    void answer() {
        for (auto h : std::exchange(waiting_, {})) h.resume();
    }

    session_ptr find(std::string_view sid) override {
        const auto s = at_hand.find(sid);
        return s == at_hand.end() ? nullptr : s->second;
    }
    task<result<session_ptr>> load(std::string_view sid) override {
        const std::string key(sid);
        asked.push_back(key);
        if (hold) {
            held = std::max(held, waiting_.size() + 1);
            co_await held_back{waiting_};
        }
        if (broken) co_return broken;
        const auto s = stored.find(key);
        co_return s == stored.end() ? nullptr : s->second;
    }
    bool reachable() const noexcept override { return is_reachable; }
    task<result<write_outcome>> create(std::string_view, std::string_view, std::optional<seconds>) override {
        co_return write_outcome::done;
    }
    task<result<write_outcome>> compare_and_set(std::string_view, std::string_view,
                                                std::string_view) override {
        co_return write_outcome::done;
    }
    task<result<write_outcome>> touch(std::string_view, seconds) override { co_return write_outcome::done; }
    task<result<session::destroyed>> destroy(std::string_view) override {
        co_return session::destroyed{.existed = true};
    }
    task<result<write_outcome>> retire(std::string_view, std::string_view, std::string_view, bool,
                                       milliseconds) override {
        co_return write_outcome::done;
    }
    task<result<std::vector<std::string>>> make_room(std::string_view, std::string_view,
                                                     std::size_t) override {
        co_return std::vector<std::string>();
    }
    task<result<write_outcome>> claim(std::string_view, std::string_view, milliseconds) override {
        co_return write_outcome::done;
    }
    task<result<std::size_t>> enlist(std::string_view, std::string_view, std::optional<seconds>) override {
        co_return std::size_t(1);
    }
    task<result<void>> delist(std::string_view, std::string_view) override { co_return result<void>(); }
    task<result<std::vector<std::string>>> sessions_of(std::string_view) override {
        co_return std::vector<std::string>();
    }
    task<result<session::sid_page>> scan(std::string_view, std::size_t) override {
        co_return session::sid_page{};
    }
    task<result<void>> ping() override { co_return result<void>(); }

  private:
    struct held_back {
        std::vector<std::coroutine_handle<>>& waiting;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) { waiting.push_back(h); }
        void await_resume() const noexcept {}
    };
    std::vector<std::coroutine_handle<>> waiting_;
};

struct open_exchange {
    stream_end ended = stream_end::none;
    int times = 0;
    std::optional<watched_exchange> watched;
};

class session_watch_test : public testing::Test {
  protected:
    open_exchange& open(const std::string& sid, std::size_t route = 1) {
        open_exchange& e = *exchanges.emplace_back(std::make_unique<open_exchange>());
        e.watched.emplace(watch, sid, stream_origin{config, route}, [&e](stream_end why) {
            e.ended = why;
            ++e.times;
        });
        return e;
    }
    static std::shared_ptr<const site> make_site() {
        server_params p;
        p.session.secrets = {"keyboard cat"};
        policy::requirement tier;
        tier.pointer = session::json_pointer::parse("/tier").value();
        tier.any_of = {"gold"};
        p.policy.routes = {
            {.path = "/gold", .session = policy::session_mode::required, .require = {std::move(tier)}}};
        return std::make_shared<const site>(std::move(p));
    }

    boost::asio::io_context io;
    slow_store store;
    std::size_t background = 0;
    net::deadline_sweeper sweeper{io};
    session_watch watch{sweeper, store, background};
    std::shared_ptr<const site> config = make_site();
    std::vector<std::unique_ptr<open_exchange>> exchanges;
};

TEST_F(session_watch_test, what_is_at_hand_is_not_asked_for) {
    store.at_hand["a"] = alive();
    open_exchange &on_gold = open("a", 0), &elsewhere = open("a");
    watch.look();
    EXPECT_EQ(on_gold.times + elsewhere.times, 0);
    store.at_hand["a"] = alive(R"("tier":"silver")");
    watch.look();
    EXPECT_EQ(on_gold.ended, stream_end::denied);
    EXPECT_EQ(elsewhere.ended, stream_end::none) << "requires nothing";
    EXPECT_TRUE(store.asked.empty());
}

TEST_F(session_watch_test, ends_all_of_a_session_that_is_gone_once) {
    store.stored["stays"] = alive();
    open_exchange &one = open("gone"), &two = open("gone", 0), &other = open("stays", 0);
    for (int i = 0; i < 3; ++i) watch.look();
    EXPECT_EQ(one.ended, stream_end::gone);
    EXPECT_EQ(two.ended, stream_end::gone);
    EXPECT_EQ(one.times, 1);
    EXPECT_EQ(two.times, 1);
    EXPECT_EQ(other.times, 0);
    EXPECT_EQ(watch.size(), 1u);
    EXPECT_EQ(std::ranges::count(store.asked, "gone"), 1) << "once for both";
    EXPECT_EQ(std::ranges::count(store.asked, "stays"), 3);
    exchanges.clear();
    EXPECT_EQ(watch.size(), 0u);
    EXPECT_EQ(background, 0u);
}

TEST_F(session_watch_test, a_store_that_cannot_answer_ends_nothing) {
    open_exchange& e = open("a");
    store.broken = errc::store_timeout;
    watch.look();
    EXPECT_EQ(store.asked.size(), 1u);
    store.is_reachable = false;
    watch.look();
    EXPECT_EQ(store.asked.size(), 1u) << "known to be away: not even asked";
    EXPECT_EQ(e.times, 0);
    store.is_reachable = true;
    store.broken = {};
    watch.look();
    EXPECT_EQ(e.ended, stream_end::gone);
}

TEST_F(session_watch_test, questions_are_bounded_and_each_is_asked_once) {
    constexpr std::size_t many = 200;
    for (std::size_t i = 0; i < many; ++i) open("s" + std::to_string(i)), open("s" + std::to_string(i));
    store.hold = true;
    watch.look();
    watch.look();
    EXPECT_EQ(store.held, session_watch::most_asking);
    EXPECT_EQ(background, session_watch::most_asking) << "a drain waits for them";
    while (background > 0) store.answer();
    EXPECT_EQ(store.held, session_watch::most_asking);
    EXPECT_EQ(store.asked.size(), many);
    EXPECT_EQ(std::set(store.asked.begin(), store.asked.end()).size(), many);
    EXPECT_EQ(watch.size(), 0u);
    for (const auto& e : exchanges) EXPECT_EQ(e->times, 1);
}

TEST_F(session_watch_test, who_leaves_while_the_store_is_asked) {
    open("a"), open("a"), open("b");
    store.hold = true;
    watch.look();
    exchanges.clear();
    open_exchange& again = open("b");
    store.stored["b"] = alive();
    while (background > 0) store.answer();
    EXPECT_EQ(again.times, 0);
    EXPECT_EQ(watch.size(), 1u);
}

TEST_F(session_watch_test, follows_to_another_sid) {
    open_exchange &one = open("old"), &two = open("old");
    store.stored["old"] = new session::stored_session(session::standing::moved, "new");
    store.stored["new"] = alive();
    watch.look();
    EXPECT_EQ(watch.size(), 1u);
    store.stored["old"] = new session::stored_session(session::standing::ended);
    for (int i = 0; i < 2; ++i) watch.look();
    EXPECT_EQ(one.times + two.times, 0);
    store.stored["new"] = new session::stored_session(session::standing::replaced);
    watch.look();
    EXPECT_EQ(one.ended, stream_end::gone);
    EXPECT_EQ(two.ended, stream_end::gone);
}

TEST_F(session_watch_test, looks_by_itself_while_something_is_open) {
    store.stored["a"] = alive();
    open("a");
    test::run_for(io, milliseconds(700));
    EXPECT_GE(store.asked.size(), 2u);
    store.stored.clear();
    test::run_for(io, milliseconds(400));
    EXPECT_EQ(exchanges[0]->ended, stream_end::gone);
    const std::size_t asked = store.asked.size();
    test::run_for(io, milliseconds(500));
    EXPECT_EQ(store.asked.size(), asked);
    open("b");
    test::run_for(io, milliseconds(400));
    EXPECT_EQ(exchanges[1]->ended, stream_end::gone) << "begins again";
}

}  // namespace
}  // namespace vestibule::server

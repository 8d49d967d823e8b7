// What every session store must do, as a suite that any store can be put through: give it a
// store_fixture and instantiate it, in the one source file that includes this.
//
//     INSTANTIATE_TEST_SUITE_P(memory, store_conformance, testing::Values(store_under_test{"memory", make}));
#pragma once

#include <vestibule/session/session_store.hpp>

#include "run_task.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace vestibule::test {

using namespace std::chrono_literals;
using session::session_ptr;
using session::session_store;
using session::standing;
using session::write_outcome;

/// One store as two workers see it, with a clock that can be pushed forward.
class store_fixture {
  public:
    virtual ~store_fixture() = default;
    virtual session_store& store(std::size_t worker = 0) = 0;  // 0 or 1
    virtual void run(std::vector<task<void>> tasks) = 0;       // all at once, until done
    virtual void advance(milliseconds by) = 0;
};

struct store_under_test {
    std::string name;
    std::function<std::unique_ptr<store_fixture>()> make;  // a fresh, empty store

    friend std::ostream& operator<<(std::ostream& out, const store_under_test& s) { return out << s.name; }
};

class store_conformance : public testing::TestWithParam<store_under_test> {
  protected:
    store_conformance() : fixture(GetParam().make()) {}

    template <class T>
    T wait(task<T> t) {
        std::optional<T> out;
        std::vector<task<void>> tasks;
        tasks.push_back(keep_result(std::move(t), out));
        fixture->run(std::move(tasks));
        return std::move(*out);
    }

    session_store& store(std::size_t worker = 0) { return fixture->store(worker); }

    session_ptr load(std::string_view sid, std::size_t worker = 0) {
        auto r = wait(store(worker).load(sid));
        EXPECT_TRUE(r) << (r ? "" : r.error().message());
        return r && *r && (*r)->state == standing::live ? *r : nullptr;
    }

    // What the store says of a sid that has no live session.
    standing standing_of(std::string_view sid, std::size_t worker = 0) {
        auto r = wait(store(worker).load(sid));
        EXPECT_TRUE(r && *r) << sid << ": nothing is known of it";
        return r && *r ? (*r)->state : standing::live;
    }

    std::optional<std::string> value(std::string_view sid, std::size_t worker = 0) {
        auto s = load(sid, worker);
        return s ? std::optional(s->value) : std::nullopt;
    }

    write_outcome create(std::string_view sid, std::string_view v,
                         std::optional<seconds> ttl = std::nullopt) {
        return wait(store().create(sid, v, ttl)).value();
    }

    write_outcome replace(std::string_view sid, std::string_view expected, std::string_view v) {
        return wait(store().compare_and_set(sid, expected, v)).value();
    }

    write_outcome touch(std::string_view sid, seconds ttl) { return wait(store().touch(sid, ttl)).value(); }

    bool destroy(std::string_view sid) { return wait(store().destroy(sid)).value().existed; }

    // Real time passes too, so a TTL may have lost a little.
    static void expect_ttl(const session_ptr& s, milliseconds expected) {
        ASSERT_TRUE(s);
        ASSERT_TRUE(s->ttl);
        EXPECT_LE(*s->ttl, expected);
        EXPECT_GT(*s->ttl, expected - 5s);
    }

    std::unique_ptr<store_fixture> fixture;
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(store_conformance);

TEST_P(store_conformance, answers_a_ping) {
    EXPECT_TRUE(wait(store().ping()));
}

TEST_P(store_conformance, knows_nothing_of_what_was_never_stored) {
    EXPECT_FALSE(load("nobody"));
    EXPECT_EQ(touch("nobody", 60s), write_outcome::absent);
    EXPECT_EQ(replace("nobody", "", "{}"), write_outcome::absent);
    EXPECT_FALSE(destroy("nobody"));
    EXPECT_FALSE(load("nobody"));
}

TEST_P(store_conformance, keeps_what_is_created) {
    EXPECT_EQ(create("a", R"({"n":1})", 60s), write_outcome::done);
    const auto s = load("a");
    expect_ttl(s, 60s);
    EXPECT_EQ(s->value, R"({"n":1})");
}

TEST_P(store_conformance, never_overwrites_by_create) {
    create("a", "first", 60s);
    EXPECT_EQ(create("a", "second", 600s), write_outcome::conflict);
    const auto s = load("a");
    expect_ttl(s, 60s);
    EXPECT_EQ(s->value, "first");
}

TEST_P(store_conformance, keeps_a_session_without_ttl) {
    create("a", "x");
    fixture->advance(1000h);
    const auto s = load("a");
    ASSERT_TRUE(s);
    EXPECT_EQ(s->ttl, std::nullopt);
}

TEST_P(store_conformance, forgets_when_the_ttl_is_over) {
    create("a", "x", 60s);
    fixture->advance(50s);
    expect_ttl(load("a"), 10s);
    fixture->advance(10s);
    EXPECT_FALSE(load("a"));
    EXPECT_EQ(create("a", "again", 60s), write_outcome::done);
    EXPECT_EQ(value("a"), "again");
}

TEST_P(store_conformance, sets_the_ttl_by_touch) {
    create("a", "x", 60s);
    create("b", "x");
    EXPECT_EQ(touch("a", 600s), write_outcome::done);
    EXPECT_EQ(touch("b", 30s), write_outcome::done);
    expect_ttl(load("a"), 600s);
    expect_ttl(load("b"), 30s);
    EXPECT_EQ(touch("a", 20s), write_outcome::done);
    expect_ttl(load("a"), 20s);
}

TEST_P(store_conformance, never_deletes_by_touch) {
    create("a", "x", 60s);
    EXPECT_EQ(touch("a", 0s), write_outcome::done);
    EXPECT_EQ(value("a"), "x");
    EXPECT_EQ(touch("a", seconds(-5)), write_outcome::done);
    EXPECT_EQ(value("a"), "x");
    EXPECT_EQ(touch("a", seconds::max()), write_outcome::done);
    EXPECT_EQ(value("a"), "x");
}

TEST_P(store_conformance, never_brings_back_by_touch) {
    create("a", "x", 60s);
    fixture->advance(61s);
    EXPECT_EQ(touch("a", 600s), write_outcome::absent);
    EXPECT_FALSE(load("a"));
    create("b", "x", 60s);
    destroy("b");
    EXPECT_EQ(touch("b", 600s), write_outcome::absent);
    EXPECT_FALSE(load("b"));
}

TEST_P(store_conformance, replaces_only_the_expected_value) {
    create("a", "one", 60s);
    EXPECT_EQ(replace("a", "other", "two"), write_outcome::conflict);
    EXPECT_EQ(value("a"), "one");
    EXPECT_EQ(replace("a", "one", "two"), write_outcome::done);
    EXPECT_EQ(value("a"), "two");
    EXPECT_EQ(replace("a", "one", "three"), write_outcome::conflict);
    EXPECT_EQ(value("a"), "two");
}

TEST_P(store_conformance, keeps_the_ttl_when_replacing) {
    create("a", "one", 60s);
    create("b", "one");
    fixture->advance(20s);
    replace("a", "one", "two");
    replace("b", "one", "two");
    expect_ttl(load("a"), 40s);
    EXPECT_EQ(load("b")->ttl, std::nullopt);
    fixture->advance(41s);
    EXPECT_EQ(replace("a", "two", "three"), write_outcome::absent);
    EXPECT_FALSE(load("a"));
    EXPECT_EQ(value("b"), "two");
}

TEST_P(store_conformance, destroys_once) {
    create("a", "x", 60s);
    create("b", "x", 60s);
    EXPECT_TRUE(destroy("a"));
    EXPECT_FALSE(destroy("a"));
    EXPECT_FALSE(load("a"));
    EXPECT_EQ(value("b"), "x");
    EXPECT_EQ(replace("a", "x", "y"), write_outcome::absent);
}

TEST_P(store_conformance, remembers_an_end_for_a_while) {
    create("a", "x", 60s);
    destroy("a");
    EXPECT_EQ(standing_of("a"), standing::ended);
    EXPECT_EQ(standing_of("a", 1), standing::ended);
    fixture->advance(299s);
    EXPECT_EQ(standing_of("a"), standing::ended);
    fixture->advance(2s);
    EXPECT_FALSE(wait(store().load("a")).value());
}

TEST_P(store_conformance, retires_only_the_expected_value) {
    create("a", "one", 60s);
    EXPECT_EQ(wait(store().retire("a", "other", "b", true, 1h)).value(), write_outcome::conflict);
    EXPECT_EQ(value("a"), "one");
    EXPECT_EQ(wait(store().retire("nobody", "", "b", true, 1h)).value(), write_outcome::absent);
    EXPECT_EQ(wait(store().retire("a", "one", "b", true, 1h)).value(), write_outcome::done);
    EXPECT_EQ(wait(store().retire("a", "one", "b", true, 1h)).value(), write_outcome::absent);
    EXPECT_EQ(replace("a", "one", "two"), write_outcome::absent);
}

TEST_P(store_conformance, tells_where_a_session_has_gone) {
    create("a", "one", 60s);
    create("b", "one", 60s);
    create("c", "one", 60s);
    wait(store().retire("a", "one", "a2 with space", true, 1h)).value();
    wait(store().retire("b", "one", "b2", false, 1h)).value();
    wait(store().retire("c", "one", "c2", true, 0s)).value();
    const auto moved = wait(store(1).load("a")).value();
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->state, standing::moved);
    EXPECT_EQ(moved->value, "a2 with space");
    EXPECT_EQ(standing_of("b"), standing::replaced);
    EXPECT_EQ(standing_of("c"), standing::ended);
    // Who ends it gets to know, too, once.
    for (const char* const sid : {"a", "b", "c"}) {
        const auto gone = wait(store(1).destroy(sid)).value();
        EXPECT_FALSE(gone.existed);
        EXPECT_EQ(gone.moved_to, std::string(sid) + (sid == std::string("a") ? "2 with space" : "2"));
        EXPECT_EQ(standing_of(sid), standing::ended);
        EXPECT_EQ(wait(store().destroy(sid)).value().moved_to, "");
    }
}

TEST_P(store_conformance, a_sid_that_is_not_stored_is_claimed_once) {
    EXPECT_EQ(wait(store().claim("anon", "one", 10s)).value(), write_outcome::done);
    EXPECT_EQ(wait(store(1).claim("anon", "two", 10s)).value(), write_outcome::conflict);
    EXPECT_EQ(standing_of("anon"), standing::replaced);
    EXPECT_EQ(wait(store().load("anon")).value()->value, "one");
    create("ended", "x", 60s);
    destroy("ended");
    EXPECT_EQ(wait(store().claim("ended", "one", 10s)).value(), write_outcome::conflict);
}

TEST_P(store_conformance, makes_room_in_a_list) {
    for (const char* const sid : {"a", "b", "c", "d"}) {
        create(sid, "x", 60s);
        touch(sid, sid == std::string("a") ? 600s : 60s);
        wait(store().enlist("u", sid, sid == std::string("a") ? 600s : 60s)).value();
    }
    using sids = std::vector<std::string>;
    const auto over = [&](const char* sid, std::size_t count) {
        return wait(store(1).make_room("u", sid, count)).value();
    };
    EXPECT_EQ(over("nobody", 1), sids());
    EXPECT_EQ(over("a", 4), sids());
    sids gone = over("b", 2);  // the soonest to end, and of those that end together any
    std::sort(gone.begin(), gone.end());
    EXPECT_EQ(gone, (sids{"c", "d"}));
    EXPECT_EQ(over("c", 1), sids()) << "it is no longer in the list itself";
    EXPECT_EQ(over("b", 1), sids{"a"});
    EXPECT_EQ(wait(store().sessions_of("u")).value(), sids{"b"});
}

TEST_P(store_conformance, lists_the_sessions_of_a_user) {
    const std::string long_name(1000, 'u');
    for (const std::string& user : {std::string("u1"), std::string("*"), long_name}) {
        for (const char* sid : {"a", "b", "c"}) create(user.substr(0, 3) + sid, "x", 60s);
        const std::string p = user.substr(0, 3);
        EXPECT_EQ(wait(store().enlist(user, p + "a", 300s)).value(), 1u);
        EXPECT_EQ(wait(store(1).enlist(user, p + "b", 60s)).value(), 2u);
        EXPECT_EQ(wait(store().enlist(user, p + "b", 60s)).value(), 2u);
        touch(p + "a", 300s);
        EXPECT_EQ(wait(store().sessions_of(user)).value(), (std::vector<std::string>{p + "b", p + "a"}));
        EXPECT_TRUE(wait(store().delist(user, p + "b")));
        EXPECT_EQ(wait(store(1).sessions_of(user)).value(), std::vector<std::string>{p + "a"});
        EXPECT_TRUE(wait(store().delist(user, p + "a")));
        EXPECT_TRUE(wait(store().sessions_of(user)).value().empty());
    }
    EXPECT_TRUE(wait(store().sessions_of("nobody")).value().empty());
}

TEST_P(store_conformance, lists_hundreds_of_sessions) {
    for (int i = 0; i < 1100; ++i) {
        const std::string sid = "s" + std::to_string(i);
        create(sid, "x", 600s);
        wait(store().enlist("u", sid, 600s)).value();
    }
    EXPECT_EQ(wait(store().sessions_of("u")).value().size(), 1100u);
}

TEST_P(store_conformance, shows_all_sids_page_by_page) {
    std::set<std::string> all, found;
    for (int i = 0; i < 300; ++i) {
        const std::string sid = "s" + std::to_string(i);
        create(sid, "x", 600s);
        wait(store().enlist("u", sid, 600s)).value();
        if (i % 3 == 0)
            destroy(sid);
        else
            all.insert(sid);
    }
    session::sid_page page;
    int pages = 0;
    do {
        page = wait(store().scan(page.next, 50)).value();
        found.insert(page.sids.begin(), page.sids.end());
        ++pages;
    } while (!page.next.empty());
    EXPECT_EQ(found, all);
    EXPECT_GT(pages, 1);
}

TEST_P(store_conformance, takes_any_sid) {
    const std::string sids[] = {"plain",
                                "with space",
                                "*",
                                "[a-z]?",
                                "a:b:c",
                                "\"quoted\"",
                                "\xc3\xa9\xe2\x82\xac",
                                std::string(256, 'x'),
                                "{slot}a",
                                "$5",
                                "../x"};
    for (const auto& sid : sids) ASSERT_EQ(create(sid, "of " + sid, 60s), write_outcome::done) << sid;
    for (const auto& sid : sids) EXPECT_EQ(value(sid), "of " + sid);
    EXPECT_TRUE(destroy("*"));
    EXPECT_FALSE(load("*"));
    EXPECT_EQ(value("plain"), "of plain");
}

TEST_P(store_conformance, takes_any_value) {
    std::string bytes;
    for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(i);
    std::string megabyte(1024 * 1024, 'm');
    const std::string values[] = {"", "\r\n", "$-1\r\n", std::string(1, '\0'), bytes, megabyte};
    int n = 0;
    for (const auto& v : values) {
        const std::string sid = "a" + std::to_string(++n);
        ASSERT_EQ(create(sid, v, 60s), write_outcome::done);
        EXPECT_TRUE(value(sid) == v) << v.size();
        ASSERT_EQ(replace(sid, v, v + "\xff"), write_outcome::done) << v.size();
        EXPECT_TRUE(value(sid) == v + "\xff") << v.size();
        ASSERT_EQ(replace(sid, v + "\xff", v), write_outcome::done);
        EXPECT_TRUE(value(sid) == v) << v.size();
        ASSERT_TRUE(destroy(sid));
    }
}

TEST_P(store_conformance, shows_each_worker_what_the_other_wrote) {
    create("a", "one", 60s);
    EXPECT_EQ(value("a", 1), "one");
    EXPECT_EQ(wait(store(1).compare_and_set("a", "one", "two")).value(), write_outcome::done);
    EXPECT_EQ(value("a", 0), "two");
    EXPECT_EQ(wait(store(1).touch("a", 30s)).value(), write_outcome::done);
    expect_ttl(load("a"), 30s);
    EXPECT_TRUE(wait(store(1).destroy("a")).value().existed);
    EXPECT_FALSE(load("a"));
}

inline task<void> count_up(session_store& store, std::string sid, int times) {
    while (times > 0) {
        const auto s = co_await store.load(sid);
        if (!s || !*s) {
            ADD_FAILURE() << "load: " << (s ? "absent" : s.error().message());
            co_return;
        }
        const auto done =
            co_await store.compare_and_set(sid, (*s)->value, std::to_string(std::stoi((*s)->value) + 1));
        if (!done || *done == write_outcome::absent) {
            ADD_FAILURE() << "compare_and_set: " << (done ? "absent" : done.error().message());
            co_return;
        }
        if (*done == write_outcome::done) --times;
    }
}

TEST_P(store_conformance, loses_no_update_of_parallel_writers) {
    create("n", "0", 600s);
    std::vector<task<void>> writers;
    for (std::size_t i = 0; i < 20; ++i) writers.push_back(count_up(store(i % 2), "n", 50));
    fixture->run(std::move(writers));
    EXPECT_EQ(value("n"), "1000");
}

inline task<void> create_and_count(session_store& store, int& made) {
    const auto r = co_await store.create("one", "x", 60s);
    EXPECT_TRUE(r) << (r ? "" : r.error().message());
    if (r && *r == write_outcome::done) ++made;
}

TEST_P(store_conformance, lets_one_of_many_creators_win) {
    int made = 0;
    std::vector<task<void>> creators;
    for (std::size_t i = 0; i < 50; ++i) creators.push_back(create_and_count(store(i % 2), made));
    fixture->run(std::move(creators));
    EXPECT_EQ(made, 1);
}

}  // namespace vestibule::test

#include <vestibule/net/deadline.hpp>

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <thread>

namespace vestibule::net {
namespace {

void run_for(boost::asio::io_context& io, milliseconds t) {
    io.restart();
    io.run_for(t);
}

TEST(deadline, fires_once_and_never_early) {
    boost::asio::io_context io;
    deadline_sweeper sweeper(io);
    int fired = 0;
    deadline d(sweeper, [&] { ++fired; });
    d.set(milliseconds(50));
    EXPECT_TRUE(d.armed());
    run_for(io, milliseconds(20));
    EXPECT_EQ(fired, 0);
    run_for(io, milliseconds(300));
    EXPECT_EQ(fired, 1);
    EXPECT_FALSE(d.armed());
    run_for(io, milliseconds(200));
    EXPECT_EQ(fired, 1);
}

TEST(deadline, cleared_and_unlimited_ones_do_not_fire) {
    boost::asio::io_context io;
    deadline_sweeper sweeper(io);
    int fired = 0;
    deadline cleared(sweeper, [&] { ++fired; });
    deadline unlimited(sweeper, [&] { ++fired; });
    cleared.set(milliseconds(10));
    cleared.clear();
    unlimited.set(milliseconds(0));
    EXPECT_FALSE(unlimited.armed());
    run_for(io, milliseconds(250));
    EXPECT_EQ(fired, 0);
}

TEST(deadline, an_expiry_may_destroy_any_other_deadline) {
    boost::asio::io_context io;
    deadline_sweeper sweeper(io);
    int fired = 0;
    std::unique_ptr<deadline> a, b, c;
    const auto drop_others = [&] {
        ++fired;
        a.reset();
        c.reset();
    };
    a = std::make_unique<deadline>(sweeper, [] { ADD_FAILURE(); });
    b = std::make_unique<deadline>(sweeper, drop_others);
    c = std::make_unique<deadline>(sweeper, [] {});
    b->set(milliseconds(1));
    run_for(io, milliseconds(250));
    EXPECT_EQ(fired, 1);
}

TEST(deadline, the_timer_rests_while_there_are_none) {
    boost::asio::io_context io;
    deadline_sweeper sweeper(io);
    {
        deadline d(sweeper, [] {});
    }
    io.run();  // returns: nothing is pending
}

TEST(deadline, a_tick_that_is_queued_when_the_sweeper_goes_does_nothing) {
    boost::asio::io_context io;
    auto sweeper = std::make_unique<deadline_sweeper>(io);
    auto d = std::make_unique<deadline>(*sweeper, [] { ADD_FAILURE(); });
    // Both expire in the same turn of the loop; the first to run takes the sweeper away.
    boost::asio::steady_timer together(io, milliseconds(99));
    together.async_wait([&](const boost::system::error_code&) {
        std::this_thread::sleep_for(milliseconds(20));
        d.reset();
        sweeper.reset();
    });
    std::this_thread::sleep_for(milliseconds(150));
    io.run();
}

}  // namespace
}  // namespace vestibule::net

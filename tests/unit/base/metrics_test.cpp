#include <vestibule/base/metrics.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace vestibule {
namespace {

TEST(metrics_registry, adds_up_the_cells_of_all_workers) {
    metrics_registry r;
    metric_cell& a = r.counter("requests", "Requests.", {{"code", "200"}});
    metric_cell& b = r.counter("requests", "Requests.", {{"code", "200"}});
    metric_cell& other = r.counter("requests", "Requests.", {{"code", "404"}});
    a.add(2);
    b.add(3);
    other.add();
    const auto families = r.collect();
    ASSERT_EQ(families.size(), 1u);
    ASSERT_EQ(families[0].samples.size(), 2u);
    EXPECT_EQ(families[0].samples[0].value, 5);
    EXPECT_EQ(families[0].samples[1].value, 1);
}

TEST(metrics_registry, asks_callbacks) {
    metrics_registry r;
    r.callback(metric_kind::gauge, "g", "G.", [] { return std::int64_t(7); });
    EXPECT_EQ(r.collect()[0].samples[0].value, 7);
}

TEST(metric_histogram, puts_a_value_into_the_bucket_whose_bound_it_does_not_exceed) {
    metrics_registry r;
    metric_histogram& h = r.histogram("d", "D.");
    const struct {
        std::uint64_t microseconds;
        std::size_t bucket;
    } test_cases[] = {{0, 0}, {100, 0}, {101, 1}, {60'000'000, 16}, {60'000'001, 17}, {1'000'000'000, 17}};
    for (const auto& t : test_cases) {
        const auto before = h.bucket(t.bucket);
        h.observe(t.microseconds);
        EXPECT_EQ(h.bucket(t.bucket), before + 1) << t.microseconds;
    }
    const auto sample = r.collect()[0].samples[0];
    EXPECT_EQ(std::accumulate(sample.buckets.begin(), sample.buckets.end(), std::uint64_t(0)), 6u);
    EXPECT_EQ(metric_histogram::bounds().size() + 1, metric_histogram::bucket_count);
}

}  // namespace
}  // namespace vestibule

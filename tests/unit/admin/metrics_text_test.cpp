#include <vestibule/admin/admin_server.hpp>

#include <gtest/gtest.h>

namespace vestibule::admin {
namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(metrics_text, is_what_prometheus_reads) {
    metrics_registry r;
    r.counter("vestibule_requests_total", "Requests.", {{"route", "/a\"b"}, {"code", "200"}}).add(3);
    r.gauge("vestibule_connections", "Open.").add(-1);
    metric_histogram& h = r.histogram("vestibule_request_duration_seconds", "Durations.");
    h.observe(150);
    h.observe(2'000'000);
    const std::string text = metrics_text(r);
    EXPECT_TRUE(has_line(text, "# TYPE vestibule_requests_total counter"));
    EXPECT_TRUE(has_line(text, R"(vestibule_requests_total{route="/a\"b",code="200"} 3)"));
    EXPECT_TRUE(has_line(text, "vestibule_connections -1"));
    EXPECT_TRUE(has_line(text, "# TYPE vestibule_request_duration_seconds histogram"));
    EXPECT_TRUE(has_line(text, R"(vestibule_request_duration_seconds_bucket{le="0.0001"} 0)"));
    EXPECT_TRUE(has_line(text, R"(vestibule_request_duration_seconds_bucket{le="0.00025"} 1)"));
    EXPECT_TRUE(has_line(text, R"(vestibule_request_duration_seconds_bucket{le="+Inf"} 2)"));
    EXPECT_TRUE(has_line(text, "vestibule_request_duration_seconds_count 2"));
    EXPECT_TRUE(has_line(text, "vestibule_request_duration_seconds_sum 2.00015")) << text;
}

}  // namespace
}  // namespace vestibule::admin

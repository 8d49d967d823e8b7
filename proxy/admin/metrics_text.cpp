#include <vestibule/admin/admin_server.hpp>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

namespace vestibule::admin {
namespace {

prometheus::ClientMetric convert(const metric_sample& s, metric_kind kind) {
    prometheus::ClientMetric m;
    for (const auto& [name, value] : s.labels) m.label.push_back({name, value});
    if (kind == metric_kind::counter) m.counter.value = double(s.value);
    if (kind == metric_kind::gauge) m.gauge.value = double(s.value);
    if (kind != metric_kind::histogram) return m;
    std::uint64_t below = 0;
    const auto bounds = metric_histogram::bounds();
    for (std::size_t i = 0; i < s.buckets.size(); ++i) {
        below += s.buckets[i];
        prometheus::ClientMetric::Bucket bucket;
        bucket.cumulative_count = below;
        bucket.upper_bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
        m.histogram.bucket.push_back(bucket);
    }
    m.histogram.sample_count = below;
    m.histogram.sample_sum = s.sum_seconds;
    return m;
}

}  // namespace

std::string metrics_text(const metrics_registry& metrics) {
    std::vector<prometheus::MetricFamily> families;
    for (const metric_family& f : metrics.collect()) {
        prometheus::MetricFamily& out = families.emplace_back();
        out.name = f.name;
        out.help = f.help;
        out.type = f.kind == metric_kind::counter ? prometheus::MetricType::Counter
                   : f.kind == metric_kind::gauge ? prometheus::MetricType::Gauge
                                                  : prometheus::MetricType::Histogram;
        for (const metric_sample& s : f.samples) out.metric.push_back(convert(s, f.kind));
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace vestibule::admin

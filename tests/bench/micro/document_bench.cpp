// A stored session: parsed, looked into, judged.
#include "samples.hpp"

#include <vestibule/session/document.hpp>
#include <vestibule/session/lifecycle.hpp>

#include <benchmark/benchmark.h>

namespace vestibule::session {
namespace {

void document_parse(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(document::parse(samples::session_value));
    state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(samples::session_value.size()));
}
BENCHMARK(document_parse);

void document_find(benchmark::State& state) {
    const document d = document::parse(samples::session_value).value();
    const json_pointer p = json_pointer::parse("/user/id").value();
    for (auto _ : state) benchmark::DoNotOptimize(d.find(p));
}
BENCHMARK(document_find);

void document_find_nothing(benchmark::State& state) {
    const document d = document::parse(samples::session_value).value();
    const json_pointer p = json_pointer::parse("/passport/user").value();
    for (auto _ : state) benchmark::DoNotOptimize(d.find(p));
}
BENCHMARK(document_find_nothing);

void document_edit(benchmark::State& state) {
    const json_pointer p = json_pointer::parse("/vestibule/since").value();
    for (auto _ : state) benchmark::DoNotOptimize(edit_set(samples::session_value, p, "1700000000000"));
}
BENCHMARK(document_edit);

void lifecycle_judge(benchmark::State& state) {
    session_facts facts{.ttl = std::chrono::hours(24), .original_max_age = 86'400'000};
    const lifecycle_params params;
    const unix_time now{std::chrono::milliseconds(1'700'000'000'000)};
    for (auto _ : state) {
        benchmark::DoNotOptimize(facts);
        benchmark::DoNotOptimize(judge(facts, params, now));
    }
}
BENCHMARK(lifecycle_judge);

}  // namespace
}  // namespace vestibule::session

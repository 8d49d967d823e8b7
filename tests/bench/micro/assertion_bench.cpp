// A token for the backend: signed, or found again.
#include "server/assertion_cache.hpp"

#include <benchmark/benchmark.h>

namespace vestibule::server {
namespace {

constexpr assertion_facts facts{.subject = "u-000042",
                                .handle = "q83vEjRWeJCrze8SNFZ4kA",
                                .method = "GET",
                                .path = "/account/orders/2026"};

asserter make_asserter(signing_algorithm a) {
    assertion_params p;
    p.algorithm = a;
    p.keys = {std::string(32, 'k')};
    return asserter(p);
}

void sign_assertion(benchmark::State& state, signing_algorithm a) {
    const asserter sign = make_asserter(a);
    std::string line;
    for (auto _ : state) {
        line.clear();
        sign.append_line(line, facts, wall_now());
        benchmark::DoNotOptimize(line.data());
    }
}

void assertion_ed25519(benchmark::State& state) {
    sign_assertion(state, signing_algorithm::eddsa);
}
BENCHMARK(assertion_ed25519);

void assertion_hs256(benchmark::State& state) {
    sign_assertion(state, signing_algorithm::hs256);
}
BENCHMARK(assertion_hs256);

void assertion_sent_again(benchmark::State& state) {
    assertion_cache kept;
    std::string line;
    make_asserter(signing_algorithm::eddsa).append_line(line, facts, wall_now());
    kept.keep(1, facts, line, wall_now(), unix_time::max());
    for (auto _ : state) benchmark::DoNotOptimize(kept.find(1, facts, wall_now()).data());
}
BENCHMARK(assertion_sent_again);

}  // namespace
}  // namespace vestibule::server

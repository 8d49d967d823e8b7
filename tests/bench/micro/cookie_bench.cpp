// The session cookie: found among others, verified; a handle made of its sid.
#include "samples.hpp"

#include <vestibule/http/cookies.hpp>
#include <vestibule/session/cookie_value.hpp>
#include <vestibule/session/sid.hpp>

#include <benchmark/benchmark.h>

#include <vector>

namespace vestibule {
namespace {

session::signer make_signer(std::vector<std::string> secrets) {
    return session::signer(secrets);
}

void cookie_verify(benchmark::State& state) {
    const auto signer = make_signer({std::string(samples::secret)});
    const std::string value = signer.sign(samples::sid);
    for (auto _ : state) benchmark::DoNotOptimize(signer.verify(value));
}
BENCHMARK(cookie_verify);

void cookie_verify_second_secret(benchmark::State& state) {
    const auto both = make_signer({std::string(samples::secret), std::string(samples::older_secret)});
    const std::string value = make_signer({std::string(samples::older_secret)}).sign(samples::sid);
    for (auto _ : state) benchmark::DoNotOptimize(both.verify(value));
}
BENCHMARK(cookie_verify_second_secret);

void cookie_verify_forged(benchmark::State& state) {
    const auto signer = make_signer({std::string(samples::secret)});
    const std::string value = make_signer({std::string(samples::older_secret)}).sign(samples::sid);
    for (auto _ : state) benchmark::DoNotOptimize(signer.verify(value));
}
BENCHMARK(cookie_verify_forged);

void cookie_find(benchmark::State& state) {
    const std::string signed_sid = make_signer({std::string(samples::secret)}).sign(samples::sid);
    const std::string line = "theme=dark; consent=all; " + std::string(samples::cookie_name) + "=" +
                             signed_sid + "; locale=en-GB; cart=3";
    for (auto _ : state) {
        std::string_view rest = line;
        while (const auto pair = http::next_cookie(rest))
            if (pair->name == samples::cookie_name) benchmark::DoNotOptimize(pair->value.data());
    }
}
BENCHMARK(cookie_find);

void handle_of_sid(benchmark::State& state) {
    const session::handle_maker make_handle(samples::secret);
    for (auto _ : state) benchmark::DoNotOptimize(make_handle(samples::sid));
}
BENCHMARK(handle_of_sid);

}  // namespace
}  // namespace vestibule

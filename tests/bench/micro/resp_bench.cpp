// Redis: a command written, replies read, as they come on one pipelined connection.
#include "samples.hpp"
#include "store/resp.hpp"

#include <benchmark/benchmark.h>

namespace vestibule::store {
namespace {

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

void resp_command(benchmark::State& state) {
    const std::string key = "sess:" + std::string(samples::sid);
    std::string out;
    for (auto _ : state) {
        out.clear();
        append_command(out, {"GET", key});
        append_command(out, {"PTTL", key});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(resp_command);

/// Value and TTL of one session; `state.range(0)` sessions in one piece of bytes.
void resp_replies(benchmark::State& state) {
    std::string bytes;
    for (std::int64_t n = 0; n < state.range(0); ++n) bytes += bulk(samples::session_value) + ":86399123\r\n";
    reply_decoder decoder;
    reply r;
    for (auto _ : state) {
        decoder.feed(bytes);
        for (std::int64_t n = 0; n < 2 * state.range(0); ++n)
            if (decoder.next(r) != reply_decoder::status::ready) state.SkipWithError("no reply");
        benchmark::DoNotOptimize(r.integer);
    }
    state.SetItemsProcessed(std::int64_t(state.iterations()) * state.range(0));
}
BENCHMARK(resp_replies)->Arg(1)->Arg(16);

void resp_reply_large(benchmark::State& state) {
    const std::string bytes = bulk(std::string(64 * 1024, 'x'));
    reply_decoder decoder;
    reply r;
    for (auto _ : state) {
        // As a socket gives them.
        for (std::size_t at = 0; at < bytes.size(); at += 16 * 1024)
            decoder.feed(std::string_view(bytes).substr(at, 16 * 1024));
        if (decoder.next(r) != reply_decoder::status::ready) state.SkipWithError("no reply");
        benchmark::DoNotOptimize(r.text.data());
    }
    state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(bytes.size()));
}
BENCHMARK(resp_reply_large);

}  // namespace
}  // namespace vestibule::store

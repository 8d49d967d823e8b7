// A request head: read, checked, and written anew for the backend. A path: normalised.
#include "samples.hpp"
#include "server/backend_head.hpp"

#include <vestibule/http/head.hpp>
#include <vestibule/http/path.hpp>
#include <vestibule/session/cookie_value.hpp>

#include <benchmark/benchmark.h>

namespace vestibule {
namespace {

server::site make_site() {
    server::server_params p;
    p.session.secrets = {std::string(samples::secret)};
    p.session.cookie.name = samples::cookie_name;
    p.inject.headers.push_back({"X-Session-User", session::json_pointer::parse("/user/id").value()});
    p.trusted_proxies = {http::cidr::parse("127.0.0.0/8").value(), http::cidr::parse("::1/128").value()};
    return server::site(std::move(p));
}

std::string signed_head(const server::site& s) {
    return samples::request_head(s.signer.sign(samples::sid));
}

void head_parse(benchmark::State& state) {
    const std::string bytes = signed_head(make_site());
    http::request_head head;
    for (auto _ : state) {
        head.fields.clear();
        if (http::parse_request_head(bytes, {}, head)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(head.fields.size());
    }
    state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(bytes.size()));
}
BENCHMARK(head_parse);

void head_end(benchmark::State& state) {
    const std::string bytes = signed_head(make_site());
    for (auto _ : state) benchmark::DoNotOptimize(http::find_head_end(bytes));
}
BENCHMARK(head_end);

void head_rewrite(benchmark::State& state) {
    const server::site s = make_site();
    const std::string bytes = signed_head(s);
    http::request_head head;
    http::normal_target target;
    if (http::parse_request_head(bytes, {}, head) || http::normalise_target(head.target, target))
        state.SkipWithError("refused");
    http::client_facts client;
    http::find_client(head.fields, http::ip_address{}, false, s.params.trusted_proxies, client);
    const std::string request_id = http::make_request_id(), trace = http::make_traceparent();
    const std::string injected = "X-Session-State: active\r\nX-Session-Id: " + s.make_handle(samples::sid) +
                                 "\r\nX-Session-User: u-000042\r\n";
    std::string out;
    for (auto _ : state) {
        server::build_backend_head(out, s,
                                   {.head = head,
                                    .target = target,
                                    .framing = {},
                                    .client = client,
                                    .peer = "127.0.0.1",
                                    .request_id = request_id,
                                    .traceparent = trace,
                                    .injected = injected});
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(out.size()));
}
BENCHMARK(head_rewrite);

void request_ids_made(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(http::make_request_id());
        benchmark::DoNotOptimize(http::make_traceparent());
    }
}
BENCHMARK(request_ids_made);

void path_normalise(benchmark::State& state, std::string_view target) {
    http::normal_target out;
    for (auto _ : state) {
        if (http::normalise_target(target, out)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(out.path.data());
    }
}
BENCHMARK_CAPTURE(path_normalise, plain, "/catalogue/42?page=2&sort=price");
BENCHMARK_CAPTURE(path_normalise, long_and_plain,
                  "/a/rather/long/path/of/a/resource/that/lies/deep/in/some/application/index.html");
BENCHMARK_CAPTURE(path_normalise, crooked, "/shop//./%63atalogue/;v=1/../caf%c3%a9/x/../42;a=b?page=2");

}  // namespace
}  // namespace vestibule

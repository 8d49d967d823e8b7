#include <vestibule/store/redis_report.hpp>

#include "store/redis_service.hpp"

#include <array>
#include <charconv>

namespace vestibule::store {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return n;
}

}  // namespace

void read_info(std::string_view info, redis_report& out) {
    while (!info.empty()) {
        const std::size_t end = std::min(info.find('\n'), info.size());
        std::string_view line = info.substr(0, end);
        info.remove_prefix(std::min(end + 1, info.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view name = line.substr(0, colon), value = line.substr(colon + 1);
        if (name == "redis_version") out.version = value;
        if (name == "role") out.role = value;
        if (name == "maxmemory_policy") out.maxmemory_policy = value;
        if (name == "aof_enabled") out.append_only = value == "1";
        if (name == "redis_mode") out.cluster = value == "cluster";
    }
}

task<result<redis_report>> ask_redis(boost::asio::io_context& io, store_params params,
                                     metrics_registry& metrics, std::string& problem) {
    params.near_cache.enabled = false;
    const auto service = make_redis_service(io, params, metrics);
    service->start();
    redis_report report;
    error_code ec;
    {
        std::array<reply, 1> pong;
        redis_operation op(pong, true, exact_now() + params.timeout);
        append_command(op.request, {"PING"});
        ec = co_await carried(*service, op);
    }
    if (!ec) {
        const auto begin = exact_now();
        std::array<reply, 2> replies;
        redis_operation op(replies, true, begin + params.timeout);
        append_command(op.request, {"INFO"});
        append_command(op.request, {"TIME"});
        ec = co_await carried(*service, op);
        report.latency = std::chrono::duration_cast<milliseconds>(exact_now() - begin);
        const unix_time now = wall_now();
        if (!ec && replies[0].is_bulk()) read_info(replies[0].text, report);
        if (!ec && replies[1].items.size() == 2)
            if (const auto s = number(replies[1].items[0].text))
                report.clock_ahead = std::chrono::duration_cast<milliseconds>(
                    unix_time(seconds(*s)) - std::chrono::floor<seconds>(now));
    }
    problem = service->problem();
    service->stop();
    if (ec) co_return ec;
    co_return report;
}

}  // namespace vestibule::store

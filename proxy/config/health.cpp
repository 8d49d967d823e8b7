#include "config/request_match.hpp"
#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <algorithm>
#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

/// A request target as it is sent: nothing is made normal.
void read_target(const cursor& at, std::string& out) {
    std::string text;
    if (!at.given() || !read_text(at, text)) return;
    if (parse_boolean(text) == false) return out.clear();
    if (!text.starts_with('/') || !std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; }))
        return at.error(at.shown() + " is neither off nor a path to ask for (like /health)");
    out = std::move(text);
}

void read_row(const cursor& at, unsigned& out) {
    std::uint64_t n = out;
    if (read_count(at, n, 1, 100)) out = static_cast<unsigned>(n);
}

void read_check(const cursor& at, upstream::check_params& out) {
    std::string text;
    if (at.is(node_kind::scalar)) {
        if (read_text(at, text) && parse_boolean(text) != false)
            at.error(at.shown() + " is not off and not a map (like {path: /health, interval: 5s})");
        return;
    }
    if (!at.given()) return;
    const map_reader m(at);
    if (m["path"].absent()) m["path"].error("is required (like /health)");
    read_target(m["path"], out.path);
    read_duration(m["interval"], out.interval, {100ms, 1h});
    read_duration(m["timeout"], out.timeout, {1ms, 1h});
    read_row(m["healthy"], out.healthy);
    read_row(m["unhealthy"], out.unhealthy);
    read_statuses(m["status"], out.status);
}

}  // namespace

void read_health(const cursor& at, upstream::health_params& out) {
    const map_reader m(at);
    std::uint64_t failures = out.failures;
    if (read_count_or_zero(m["failures"], failures, 1, 1000)) out.failures = static_cast<unsigned>(failures);
    const bool once = read_duration(m["ejection"], out.ejection, {100ms, 24h});
    const bool most = read_duration(m["max_ejection"], out.max_ejection, {100ms, 24h});
    if (once && most && m["max_ejection"].absent())
        out.max_ejection = std::max(out.max_ejection, out.ejection);
    if (once && most && out.max_ejection < out.ejection)
        m["max_ejection"].error("is shorter than ejection (" + format_duration(out.ejection) + ")");
    read_check(m["check"], out.check);
}

}  // namespace vestibule::config

#include "config/sections.hpp"
#include "config/text_form.hpp"

namespace vestibule::config {

void read_workers(const cursor& at, std::optional<unsigned>& out) {
    constexpr std::uint64_t most = 512;
    const auto text = at.text();
    if (!text) return;
    const auto number = parse_count(*text);
    if (*text == "auto") {
        out.reset();
    } else if (number && *number >= 1 && *number <= most) {
        out = static_cast<unsigned>(*number);
    } else {
        at.error(at.shown() + " is neither auto nor a number from 1 to " + std::to_string(most));
    }
}

void read_log(const cursor& at, log::params& out) {
    const map_reader m(at);
    read_choice(m["level"], out.min_level,
                {{"debug", log::level::debug},
                 {"info", log::level::info},
                 {"warn", log::level::warn},
                 {"error", log::level::error},
                 {"off", log::level::off}});
    read_boolean(m["access"], out.access);
    read_boolean(m["sessions"], out.sessions);
    read_choice(m["format"], out.style, {{"json", log::format::json}, {"text", log::format::text}});
}

}  // namespace vestibule::config

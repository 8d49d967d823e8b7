#include "config/origins.hpp"
#include "config/sections.hpp"

namespace vestibule::config {

void read_csrf(const cursor& at, policy::csrf_params& out) {
    using policy::csrf_mode;
    const map_reader m(at);
    const bool mode =
        read_choice(m["mode"], out.mode, {{"off", csrf_mode::off}, {"origin", csrf_mode::origin}});
    read_origins(m["allow"], out.allow);
    read_boolean(m["shadow"], out.shadow);
    if (!mode || out.mode != csrf_mode::off) return;
    if (!out.allow.empty()) m["allow"].warn("has no effect without mode: origin");
    if (out.shadow) m["shadow"].warn("has no effect without mode: origin");
}

}  // namespace vestibule::config

#include "app/commands.hpp"

#include <vestibule/base/base64.hpp>
#include <vestibule/base/crypto.hpp>

#include <array>
#include <cstdio>

namespace vestibule::app {

std::optional<config::settings> load_or_tell(const std::string& config_file,
                                             std::vector<config::problem>* warnings) {
    config::load_result loaded = config::load_file(config_file);
    for (const config::problem& p : loaded.problems)
        std::fprintf(stderr, "%s\n", config::to_string(p, config_file).c_str());
    if (warnings != nullptr) *warnings = std::move(loaded.warnings);
    return std::move(loaded.value);
}

int check(const std::string& config_file) {
    std::vector<config::problem> warnings;
    const auto settings = load_or_tell(config_file, &warnings);
    for (const config::problem& w : warnings)
        std::fprintf(stderr, "warning: %s\n", config::to_string(w, config_file).c_str());
    if (!settings) return exit_usage;
    std::printf("%s: valid\n", config_file.c_str());
    return exit_done;
}

int keygen() {
    std::array<unsigned char, 32> secret;
    random_bytes(secret);
    std::printf("%s\n", base64_padded(secret).c_str());
    return exit_done;
}

}  // namespace vestibule::app

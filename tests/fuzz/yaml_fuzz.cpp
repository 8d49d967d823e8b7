// A configuration, whatever it says: either it is one, or it has problems that are told with their places.
#include <vestibule/config/config.hpp>

#include <cstdlib>
#include <optional>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto no_environment = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
    const auto loaded = vestibule::config::load_text(text, no_environment, "/nonexistent");
    for (const auto& p : loaded.problems)
        if (p.message.empty()) std::abort();
    return 0;
}

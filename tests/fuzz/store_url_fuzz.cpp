// Any text as a store URL: never a crash, and what is shown of a URL with several hosts means the same.
#include <vestibule/store/store_params.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace vestibule::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    std::string problem;
    const auto url = parse_store_url(text, problem);
    if (url.has_value() != problem.empty()) std::abort();
    if (!url) return 0;
    const std::string shown = url->display();
    if (url->kind != store_kind::sentinel && url->kind != store_kind::cluster) return 0;
    if (url->seeds.empty() || url->seeds.size() > 32) std::abort();
    if (url->service.empty() != (url->kind == store_kind::cluster)) std::abort();
    const auto again = parse_store_url(shown, problem);
    if (!again || again->seeds != url->seeds || again->service != url->service || again->kind != url->kind ||
        again->tls != url->tls || again->database != url->database)
        std::abort();
    if (!again->user.empty() || !again->password.empty()) std::abort();
    return 0;
}

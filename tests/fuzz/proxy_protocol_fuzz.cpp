// PROXY protocol headers, whole and as they come in: the same header either way, its end found without a byte
// too much, and nothing read past the end.
#include <vestibule/http/proxy_protocol.hpp>

#include <algorithm>
#include <cstdlib>

using namespace vestibule::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view in(reinterpret_cast<const char*>(data), size);
    const auto whole = read_proxy_header(in);
    if (whole && whole->missing == 0 &&
        (whole->size == 0 || whole->size > in.size() || whole->size > 16 + max_proxy_block))
        std::abort();
    if (whole && whole->missing > 0 && (whole->size != 0 || whole->source)) std::abort();

    // As connection::learn_peer reads it.
    std::size_t have = 0;
    for (;;) {
        const auto step = read_proxy_header(in.substr(0, have));
        if (!step) {
            if (whole) std::abort();
            break;
        }
        if (step->missing == 0) {
            if (!whole || whole->size != have || step->source != whole->source ||
                step->source_port != whole->source_port)
                std::abort();
            break;
        }
        if (have + step->missing > in.size()) {
            // Nothing that is whole can be longer than what there is.
            if (whole && whole->missing == 0) std::abort();
            break;
        }
        have += step->missing;
    }
    return 0;
}

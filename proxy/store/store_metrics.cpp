#include "store/store_metrics.hpp"

namespace vestibule::store {
namespace {

const char* label_of(errc e) noexcept {
    switch (e) {
        case errc::store_unavailable: return "unavailable";
        case errc::store_timeout: return "timeout";
        case errc::store_refused: return "refused";
        case errc::store_protocol: return "protocol";
        case errc::store_overloaded: return "overloaded";
        default: return "other";
    }
}

}  // namespace

const char* to_string(operation o) noexcept {
    switch (o) {
        case operation::load: return "load";
        case operation::create: return "create";
        case operation::compare_and_set: return "compare_and_set";
        case operation::touch: return "touch";
        case operation::destroy: return "destroy";
        case operation::retire: return "retire";
        case operation::enlist: return "enlist";
        case operation::delist: return "delist";
        case operation::sessions_of: return "sessions_of";
        case operation::scan: return "scan";
        case operation::ping: return "ping";
    }
    return "";
}

store_metrics::store_metrics(metrics_registry& registry) {
    for (std::size_t o = 0; o < operation_count; ++o) {
        const char* name = to_string(static_cast<operation>(o));
        duration_[o] =
            &registry.histogram("vestibule_store_operation_duration_seconds",
                                "Time until a store operation was answered or given up, retries included.",
                                {{"operation", name}});
        for (std::size_t k = 0; k < kinds.size(); ++k)
            errors_[o][k] = &registry.counter("vestibule_store_errors_total",
                                              "Store operations that the store could not answer.",
                                              {{"operation", name}, {"error", label_of(kinds[k])}});
    }
}

void store_metrics::observe(operation o, std::chrono::steady_clock::duration took, error_code ec) noexcept {
    const auto i = static_cast<std::size_t>(o);
    duration_[i]->observe(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    if (!ec) return;
    for (std::size_t k = 0; k < kinds.size(); ++k)
        if (ec == kinds[k]) errors_[i][k]->add();
}

}  // namespace vestibule::store

#include "app/stores.hpp"

#include <vestibule/store/memory_store.hpp>
#include <vestibule/store/redis_store.hpp>

namespace vestibule::app {

server::store_factory make_store_factory(const store::store_params& p, metrics_registry& metrics) {
    if (p.url.kind == store::store_kind::memory) {
        auto sessions = std::make_shared<store::memory_sessions>(p.memory_bytes, real_clock(), metrics);
        return [sessions, &metrics](boost::asio::io_context&) {
            return store::make_memory_store(sessions, metrics);
        };
    }
    return [p, &metrics](boost::asio::io_context& io) { return store::make_redis_store(io, p, metrics); };
}

}  // namespace vestibule::app

#include "app/stores.hpp"

#include <vestibule/store/redis_store.hpp>

namespace vestibule::app {

stores::stores(const store::store_params& p, metrics_registry& metrics) : params_(p), metrics_(metrics) {
    if (p.url.kind == store::store_kind::memory)
        memory_ =
            std::make_shared<store::memory_sessions>(p.memory_bytes, real_clock(), metrics, p.tombstone);
}

server::store_factory stores::for_workers(unsigned workers) const {
    if (memory_)
        return [this](boost::asio::io_context&) { return store::make_memory_store(memory_, metrics_); };
    return [this, workers](boost::asio::io_context& io) {
        store::store_params p = params_;
        p.near_cache.max_bytes /= workers;
        return store::make_redis_store(io, p, metrics_);
    };
}

std::unique_ptr<session::session_store> stores::direct(boost::asio::io_context& io) const {
    if (memory_) return store::make_memory_store(memory_, metrics_);
    store::store_params p = params_;
    p.near_cache.enabled = false;
    return store::make_redis_store(io, p, metrics_);
}

}  // namespace vestibule::app

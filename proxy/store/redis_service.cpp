#include "store/redis_service.hpp"

#include "store/redis_cluster.hpp"
#include "store/sentinel_dialer.hpp"
#include "store/sentinel_watch.hpp"

namespace vestibule::store {
namespace {

milliseconds bound(milliseconds max_stale) {
    // Clocks on the data path are coarse: so much earlier a stale answer ends.
    return max_stale - std::min(milliseconds(10), max_stale / 10);
}

heartbeat ping() {
    heartbeat h;
    append_command(h.question, {"PING"});
    // A server may be alive and not have its data yet.
    h.sound = [](const reply& r) {
        const std::string_view word = r.is_error() ? error_word(r.text) : std::string_view();
        return word != "LOADING" && word != "MASTERDOWN";
    };
    return h;
}

heartbeat role() {
    heartbeat h;
    append_command(h.question, {"ROLE"});
    h.sound = is_primary;
    return h;
}

// One server, known by its address or found by sentinels.
class single_redis final : public redis_service {
  public:
    single_redis(boost::asio::io_context& io, const store_params& p, metrics_registry& metrics)
        : redis_service(io, p, metrics) {
        if (p.url.kind == store_kind::sentinel) {
            node_ = make_node(std::make_unique<sentinel_dialer>(io, p), role());
            watch_ = std::make_shared<sentinel_watch>(io, p, [this](const net::endpoint& e) { follow(e); });
            return;
        }
        const net::endpoint to{p.url.host, p.url.port, p.url.unix_path};
        node_ = make_node(std::make_unique<redis_dialer>(io, p, to, greeting_of(p)), ping());
    }

    void start() override {
        node_.start();
        if (watch_) watch_->start();
    }
    void stop() override {
        if (watch_) watch_->stop();
        node_.stop();
    }
    bool begin(redis_operation& op) override { return node_.connection->begin(op); }
    redis_node* node_of(std::uint16_t) noexcept override { return &node_; }
    void for_each_cache(const std::function<void(near_cache&)>& f) override {
        if (node_.cache) f(*node_.cache);
    }
    bool reachable() const noexcept override { return node_.connection->reachable(); }
    std::string problem() const override { return node_.connection->problem(); }

  private:
    void follow(const net::endpoint& primary) {
        const net::endpoint* const now = node_.connection->at();
        if (now != nullptr && *now != primary)
            node_.connection->leave("the sentinels name another primary: " + name_of(primary));
    }

    redis_node node_;
    std::shared_ptr<sentinel_watch> watch_;
};

}  // namespace

void redis_node::start() {
    if (watch) watch->start();
    connection->start();
}

void redis_node::stop() {
    if (watch) watch->stop();
    connection->stop();
}

redis_service::redis_service(boost::asio::io_context& io, const store_params& p, metrics_registry& metrics)
    : io_(io), params_(p), links_(metrics) {
    if (!p.near_cache.enabled) return;
    open_gauge_ = &metrics.gauge("vestibule_near_cache_open",
                                 "Servers of the session store, over all workers, that keep the near cache "
                                 "coherent.");
    invalidations_ = &metrics.counter("vestibule_near_cache_invalidations_total",
                                      "Changes of sessions that the session store told of.");
}

redis_node redis_service::make_node(std::unique_ptr<dialer> d, heartbeat h) {
    redis_node n;
    n.connection = std::make_shared<redis_connection>(io_, params_, std::move(d), links_);
    if (!params_.near_cache.enabled) return n;
    n.cache = std::make_unique<near_cache>(params_.near_cache.max_bytes, bound(params_.near_cache.max_stale));
    cache_events events;
    events.on_invalidated = [this](std::string_view sid) {
        invalidations_->add();
        on_invalidated_(sid);
    };
    events.on_open = [this](bool open) { open_gauge_->add(open ? 1 : -1); };
    n.watch =
        std::make_shared<tracking>(io_, params_, *n.connection, *n.cache, std::move(events), std::move(h));
    return n;
}

std::shared_ptr<redis_service> make_redis_service(boost::asio::io_context& io, const store_params& p,
                                                  metrics_registry& metrics) {
    if (p.url.kind == store_kind::cluster) return std::make_shared<redis_cluster>(io, p, metrics);
    return std::make_shared<single_redis>(io, p, metrics);
}

}  // namespace vestibule::store

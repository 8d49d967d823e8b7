// The primaries of a Redis Cluster: each slot's operations go to the one that has it.
//
// Who that is, any node tells (CLUSTER SLOTS). It is asked again when something is wrong: a node says MOVED,
// a connection is lost, the Cluster's epoch is another one (each heartbeat asks), or it was long ago; never
// twice at a time, and after a pause that grows while nothing comes of it.
//
// ASK sends one operation to where its slot is on the way to. TRYAGAIN (of two keys only one has got there)
// is the store's to solve, by asking for one key at a time.
#pragma once

#include "store/cluster_slots.hpp"
#include "store/redis_service.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace vestibule::store {

class redis_cluster final : public redis_service,
                            public referee,
                            public std::enable_shared_from_this<redis_cluster> {
  public:
    redis_cluster(boost::asio::io_context& io, const store_params& p, metrics_registry& metrics);

    void start() override;
    void stop() override;
    bool begin(redis_operation& op) override;
    std::uint16_t slot_of(std::string_view key) const noexcept override { return key_slot(key); }
    redis_node* node_of(std::uint16_t slot) noexcept override;
    std::size_t parts() const noexcept override;
    void for_each_cache(const std::function<void(near_cache&)>& f) override;
    bool reachable() const noexcept override;
    std::string problem() const override;

    bool redirected(redis_operation& op, const reply& refusal) override;
    void in_trouble() override { refresh_soon(); }

  private:
    struct node : redis_node {
        net::endpoint at;
        std::size_t slots = 0;
        mono_time left{};       // when it had none any more
        bool has_lost = false;  // slots, since its cache was emptied
    };
    using node_number = std::uint16_t;
    static constexpr node_number nobody = 0xffff;

    node_number number_of(const net::endpoint& at);
    void own(std::uint16_t slot, node_number n);
    void refresh_soon();
    task<void> keep_map();
    task<bool> refresh();
    node* whom_to_ask();
    void apply(const std::vector<slot_range>& ranges);
    void drop_idle();
    bool is_sound(const reply& info);
    void expire_waiting();
    void report(std::string problem, const net::endpoint& by);

    std::vector<std::unique_ptr<node>> nodes_;  // by number; null: gone
    std::array<node_number, slot_count> owner_;
    bool known_ = false;  // the map
    std::size_t next_asked_ = 0;
    cluster_info info_;

    std::deque<redis_operation*> waiting_;  // for the first map
    net::timer waiting_limit_, pause_;
    bool wanted_ = false;   // a new map
    bool resting_ = false;  // until a new one is wanted
    bool stopped_ = false;
    std::string reported_;  // last logged, until there is a map
};

}  // namespace vestibule::store

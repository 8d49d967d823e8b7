#include "store/redis_cluster.hpp"

#include "store/redis_dialer.hpp"

#include <vestibule/base/logger.hpp>

#include <algorithm>
#include <exception>

namespace vestibule::store {
namespace {

constexpr std::uint8_t most_redirects = 5;
constexpr std::size_t most_nodes = 2000;
constexpr milliseconds first_pause{10}, shortest_pause{100}, longest_pause{1000};
constexpr milliseconds map_lasts{30'000};
constexpr milliseconds kept_idle{10'000};  // a node that has no slots any more

}  // namespace

redis_cluster::redis_cluster(boost::asio::io_context& io, const store_params& p, metrics_registry& metrics)
    : redis_service(io, p, metrics), waiting_limit_(io), pause_(io) {
    owner_.fill(nobody);
}

void redis_cluster::start() {
    for (const store_address& a : params_.url.seeds) number_of({a.host, a.port, {}});
    detach(keep_map());
}

void redis_cluster::stop() {
    if (std::exchange(stopped_, true)) return;
    pause_.cancel();
    waiting_limit_.cancel();
    for (const auto& n : nodes_)
        if (n) n->stop();
    for (redis_operation* op : std::exchange(waiting_, {})) op->complete(errc::store_unavailable);
}

bool redis_cluster::begin(redis_operation& op) {
    op.ec = {};
    op.asking = false;
    op.redirects = 0;
    if (!stopped_ && !known_ && reachable()) {
        if (waiting_.size() >= params_.max_waiting) {
            op.ec = errc::store_overloaded;
            return false;
        }
        waiting_.push_back(&op);
        if (waiting_.size() == 1) expire_waiting();
        return true;
    }
    node_number to = owner_[op.slot];
    if (op.part >= 0) {
        int part = op.part;
        to = nobody;
        for (node_number i = 0; i < nodes_.size() && to == nobody; ++i)
            if (nodes_[i] && nodes_[i]->slots > 0 && part-- == 0) to = i;
    }
    if (stopped_ || !known_ || to == nobody) {
        op.ec = errc::store_unavailable;
        refresh_soon();
        return false;
    }
    return nodes_[to]->connection->begin(op);
}

redis_node* redis_cluster::node_of(std::uint16_t slot) noexcept {
    return owner_[slot] == nobody ? nullptr : nodes_[owner_[slot]].get();
}

std::size_t redis_cluster::parts() const noexcept {
    const auto has_slots = [](const auto& n) { return n && n->slots > 0; };
    return static_cast<std::size_t>(std::count_if(nodes_.begin(), nodes_.end(), has_slots));
}

void redis_cluster::for_each_cache(const std::function<void(near_cache&)>& f) {
    for (const auto& n : nodes_)
        if (n && n->cache) f(*n->cache);
}

bool redis_cluster::reachable() const noexcept {
    // Of what has slots all; before that is known, any.
    bool all = true, any = false;
    for (const auto& n : nodes_) {
        if (!n) continue;
        any = any || !n->connection->broken();
        if (n->slots > 0) all = all && n->connection->reachable();
    }
    return known_ ? all : any;
}

std::string redis_cluster::problem() const {
    std::string out = reported_;
    for (const auto& n : nodes_)
        if (n && out.empty() && !n->connection->problem().empty())
            out = name_of(n->at) + ": " + n->connection->problem();
    return out;
}

redis_cluster::node_number redis_cluster::number_of(const net::endpoint& at) {
    std::size_t free = nodes_.size();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i] && nodes_[i]->at == at) return static_cast<node_number>(i);
        if (!nodes_[i]) free = std::min(free, i);
    }
    if (free == most_nodes) return nobody;
    auto n = std::make_unique<node>();
    n->at = at;
    n->left = exact_now();
    heartbeat h;
    append_command(h.question, {"CLUSTER", "INFO"});
    h.sound = [this](const reply& r) { return is_sound(r); };
    static_cast<redis_node&>(*n) =
        make_node(std::make_unique<redis_dialer>(io_, params_, at, greeting_of(params_)), std::move(h));
    n->connection->ask_for_redirects(*this);
    n->start();
    if (free == nodes_.size()) nodes_.emplace_back();
    nodes_[free] = std::move(n);
    return static_cast<node_number>(free);
}

// A heart that beats for a Cluster we know nothing of proves nothing: slots may have got to others.
bool redis_cluster::is_sound(const reply& info) {
    const cluster_info said = read_cluster_info(info.text);
    if (said.epoch > info_.epoch) refresh_soon();
    return said.ok && said.epoch <= info_.epoch;
}

bool redis_cluster::redirected(redis_operation& op, const reply& refusal) {
    net::endpoint asked;
    for (const auto& n : nodes_)
        if (n && n->connection.get() == op.answered_by) asked = n->at;
    const auto r = read_redirect(refusal.text, asked);
    if (!r) {
        if (error_word(refusal.text) == "CLUSTERDOWN") refresh_soon();
        return false;
    }
    const node_number to = number_of(r->to);
    if (r->how == redirect::kind::moved) {
        own(r->slot, to);
        refresh_soon();
    }
    const bool partial = op.several_keys && r->how == redirect::kind::ask &&
                         !std::all_of(op.replies.begin(), op.replies.end(), [&](const reply& each) {
                             return each.is_error() || each.is_status("OK");
                         });
    if (partial) return false;
    if (to == nobody || ++op.redirects > most_redirects || op.deadline <= exact_now()) return false;
    op.asking = r->how == redirect::kind::ask;
    if (!nodes_[to]->connection->begin(op)) op.complete(op.ec);
    return true;
}

// What a node's cache has of a slot that it once had, lost and now has again may be old.
void redis_cluster::own(std::uint16_t slot, node_number n) {
    const node_number before = std::exchange(owner_[slot], n);
    if (before == n) return;
    if (before != nobody) {
        node& loser = *nodes_[before];
        loser.has_lost = true;
        if (--loser.slots == 0) loser.left = exact_now();
    }
    if (n == nobody) return;
    node& winner = *nodes_[n];
    ++winner.slots;
    if (std::exchange(winner.has_lost, false) && winner.cache) winner.cache->invalidate_all();
}

void redis_cluster::refresh_soon() {
    wanted_ = true;
    if (resting_) pause_.cancel();
}

task<void> redis_cluster::keep_map() {
    const auto self = shared_from_this();
    milliseconds step = first_pause;
    while (!stopped_) {
        wanted_ = false;
        const bool done = co_await refresh();
        if (stopped_) co_return;
        drop_idle();
        step = done ? shortest_pause : std::min(2 * step, longest_pause);
        pause_.expires_after(step);
        co_await net::wait(pause_);
        if (stopped_) co_return;
        if (!done || wanted_) continue;
        resting_ = true;
        pause_.expires_after(map_lasts);
        co_await net::wait(pause_);
        resting_ = false;
    }
}

// The next in turn that is connected.
redis_cluster::node* redis_cluster::whom_to_ask() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        node* const n = nodes_[next_asked_++ % nodes_.size()].get();
        if (n != nullptr && n->connection->at() != nullptr) return n;
    }
    return nullptr;
}

// False: nothing came of it.
task<bool> redis_cluster::refresh() {
    node* const n = whom_to_ask();
    if (n == nullptr) {
        // All that we knew may have got other addresses.
        if (known_)
            for (const store_address& a : params_.url.seeds) number_of({a.host, a.port, {}});
        co_return false;
    }
    const auto connection = n->connection;
    const net::endpoint asked = n->at;
    std::array<reply, 2> answers;
    redis_operation op(answers, true, exact_now() + params_.timeout);
    append_command(op.request, {"CLUSTER", "INFO"});
    append_command(op.request, {"CLUSTER", "SLOTS"});
    op.urgent = true;
    const error_code ec = co_await carried(*connection, op);
    if (stopped_ || ec) co_return false;
    const auto ranges = read_slots(answers[1], asked);
    if (!ranges || ranges->empty()) {
        report(answers[1].is_error() ? "CLUSTER SLOTS: " + std::string(error_word(answers[1].text))
                                     : "CLUSTER SLOTS names nobody",
               asked);
        co_return false;
    }
    const cluster_info info = read_cluster_info(answers[0].text);
    // A node that is cut off from the others, or has not heard of the latest yet.
    if (known_ && (!info.ok || info.epoch < info_.epoch)) co_return false;
    reported_.clear();
    info_ = info;
    apply(*ranges);
    co_return true;
}

void redis_cluster::report(std::string problem, const net::endpoint& by) {
    if (problem == reported_) return;
    reported_ = std::move(problem);
    log::warn("no map of the Cluster",
              {{"store", params_.url.display()}, {"server", name_of(by)}, {"reason", reported_}});
}

void redis_cluster::apply(const std::vector<slot_range>& ranges) {
    std::array<node_number, slot_count> owner;
    owner.fill(nobody);
    for (const slot_range& r : ranges)
        std::fill(owner.begin() + r.first, owner.begin() + r.last + 1, number_of(r.primary));
    for (std::size_t slot = 0; slot < slot_count; ++slot) own(static_cast<std::uint16_t>(slot), owner[slot]);
    const std::size_t share = params_.near_cache.max_bytes / std::max<std::size_t>(parts(), 1);
    for_each_cache([share](near_cache& c) { c.resize(share); });
    known_ = true;
    waiting_limit_.cancel();
    for (redis_operation* op : std::exchange(waiting_, {}))
        if (!begin(*op)) op->complete(op->ec);
}

void redis_cluster::drop_idle() {
    for (auto& n : nodes_) {
        if (!n || n->slots > 0 || n->connection->pending() > 0 || exact_now() - n->left < kept_idle) continue;
        n->stop();
        n.reset();
    }
}

void redis_cluster::expire_waiting() {
    if (waiting_.empty()) return;
    waiting_limit_.expires_at(waiting_.front()->deadline);  // all have the same patience
    waiting_limit_.async_wait([self = shared_from_this()](const error_code& ec) {
        if (ec || self->stopped_) return;
        std::deque<redis_operation*> late;
        while (!self->waiting_.empty() && self->waiting_.front()->deadline <= exact_now()) {
            late.push_back(self->waiting_.front());
            self->waiting_.pop_front();
        }
        self->expire_waiting();
        for (redis_operation* op : late) op->complete(errc::store_unavailable);
    });
}

}  // namespace vestibule::store

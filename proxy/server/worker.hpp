// What all connections of one worker thread share. Nothing here is touched by another thread.
#pragma once

#include "server/address_counts.hpp"
#include "server/assertion_cache.hpp"
#include "server/exchange_buffers.hpp"
#include "server/guard_metrics.hpp"
#include "server/idle_list.hpp"
#include "server/keyed_lock.hpp"
#include "server/list_memory.hpp"
#include "server/metrics.hpp"
#include "server/session_watch.hpp"
#include "server/site.hpp"
#include "server/tls_metrics.hpp"
#include "server/vault_memory.hpp"

#include <vestibule/base/clock.hpp>
#include <vestibule/net/deadline.hpp>
#include <vestibule/session/session_store.hpp>
#include <vestibule/upstream/balancer.hpp>

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <optional>

namespace vestibule::server {

class connection;
struct worker_state;

/// Puts back what is lost of the vaults that are due (background.cpp).
void look_after_vaults(worker_state& w);

/// Of the whole process, shared by its workers.
struct process_counts {
    std::atomic<std::size_t> connections{0};
    address_counts addresses;  // where limits.connections_per_address is on
    upstream::health_board backends;
};

struct worker_state {
    worker_state(boost::asio::io_context& context, std::shared_ptr<const site> s, session::session_store& st,
                 metrics_registry& registry_, process_counts& c, upstream::connector connect = {},
                 upstream::worker_share share = {})
        : io(context),
          current(std::move(s)),
          sweeper(context),
          backends(context, sweeper, current->params.upstream, c.backends, registry_, share,
                   std::move(connect)),
          store(st),
          registry(registry_),
          metrics(registry, current->signer.size()),
          guards(registry),
          vault_looks(sweeper, [this] { look_after_vaults(*this); }),
          counts(c) {}

    boost::asio::io_context& io;
    std::shared_ptr<const site> current;  // replaced on reload; an exchange keeps the one it began with
    net::deadline_sweeper sweeper;
    upstream::balancer backends;
    session::session_store& store;
    metrics_registry& registry;
    server_metrics metrics;
    guard_metrics guards;
    std::optional<tls_metrics> tls;  // where a listener has TLS
    exchange_buffers_pool buffers;
    keyed_lock writing;  // sids whose sessions are being changed
    assertion_cache assertions;
    list_memory lists;
    vault_memory vaults;
    net::deadline vault_looks;  // while there is something in it
    process_counts& counts;
    connection* first = nullptr;                // all open connections, newest first
    idle_list idle;                             // those of them that have been idle for a while
    mono_time refusal_told = mono_time::min();  // when the log last heard of a refused connection
    std::size_t background = 0;                 // detached store operations still under way
    bool draining = false;
    session_watch watch{sweeper, store, background};
};

}  // namespace vestibule::server

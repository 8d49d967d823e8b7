// Sessions in Redis (6 or later, or Valkey): one server, the primary that sentinels name, or a Cluster;
// stored as connect-redis stores them: one string per session, its TTL the key's.
#pragma once

#include <vestibule/base/metrics.hpp>
#include <vestibule/session/session_store.hpp>
#include <vestibule/store/store_params.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>

namespace vestibule::store {

/// The store as one worker sees it: one pipelined connection on the worker's `io` (on a Cluster one to each
/// primary), which is made at once and made again for ever with backoff (50 ms to 0.5 s), so nothing here
/// needs Redis to be up. After three attempts in a row that failed, or one operation that has waited in vain,
/// operations fail at once until an attempt succeeds.
///
/// With params.near_cache find() answers for sessions in use, from memory that is kept coherent with the
/// store (proxy/store/README.md); where no RESP3 is spoken that takes a second connection. While the store
/// cannot answer, load() answers with what is in that memory, max_stale old at the most.
///
/// Errors, all within params.timeout:
///   store_unavailable  not connected, or the connection was lost. What may be asked twice (load, touch,
///                      destroy, ping) has been asked again then, once; create and compare_and_set never
///                      are, and may or may not have taken effect
///   store_timeout      no answer in time; a write may or may not have taken effect
///   store_refused      Redis answered with an error (NOPERM, OOM, LOADING, ...), or lets
///                      nobody in (AUTH, SELECT). Its first word is logged once until it changes
///   store_protocol     what answers is not Redis; the connection is made anew
///   store_overloaded   params.max_waiting operations are in flight already, 64 MiB are unsent, or the server
///                      has lately answered less in time
///
/// A key of another type (a list, a hash) is loaded as a session with an empty value: somebody's value
/// that is no document, not a failure of the store. compare_and_set finds a conflict there.
///
/// A destroy that had to be repeated may answer "there was none" although it was its own first try that
/// removed it.
///
/// Lifetime: destroying it ends the connection, and fails what is still pending. Destroy it on the
/// worker's thread when its exchanges are done, then run `io` until it has no work (a second at most),
/// so that the connection's coroutine ends too. `metrics` and `io` must live until then.
std::unique_ptr<session::session_store> make_redis_store(boost::asio::io_context& io,
                                                         const store_params& params,
                                                         metrics_registry& metrics);

}  // namespace vestibule::store

#include "net/session_cache.hpp"

#include <deque>
#include <memory>
#include <mutex>

namespace vestibule::net {
namespace {

constexpr std::size_t most_sessions = 16;

struct free_session {
    void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, free_session>;

struct cache {
    std::mutex mutex;
    std::deque<session_ptr> sessions;  // newest last
};

int cache_index() {
    static const int index = SSL_CTX_get_ex_new_index(
        0, nullptr, nullptr, nullptr,
        [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<cache*>(data); });
    return index;
}

cache& cache_of(const SSL* ssl) {
    return *static_cast<cache*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), cache_index()));
}

// 1: it is ours now.
int keep(SSL* ssl, SSL_SESSION* s) {
    if (SSL_SESSION_is_resumable(s) != 1) return 0;
    cache& c = cache_of(ssl);
    const std::lock_guard lock(c.mutex);
    c.sessions.emplace_back(s);
    if (c.sessions.size() > most_sessions) c.sessions.pop_front();
    return 1;
}

session_ptr take(cache& c) {
    const std::lock_guard lock(c.mutex);
    if (c.sessions.empty()) return nullptr;
    session_ptr s = std::move(c.sessions.back());
    c.sessions.pop_back();
    if (SSL_SESSION_get_protocol_version(s.get()) < TLS1_3_VERSION && SSL_SESSION_up_ref(s.get()) == 1)
        c.sessions.emplace_back(s.get());
    return s;
}

// OpenSSL asks nobody which session to resume. The beginning of a handshake, before its first message, is
// when it can be told by who has no say where connections are made.
void begin(const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0 || SSL_is_init_finished(ssl) == 1) return;
    if (const session_ptr s = take(cache_of(ssl))) SSL_set_session(const_cast<SSL*>(ssl), s.get());
}

}  // namespace

void resume_sessions(SSL_CTX* context) {
    SSL_CTX_set_ex_data(context, cache_index(), new cache);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
    SSL_CTX_set_info_callback(context, begin);
}

}  // namespace vestibule::net

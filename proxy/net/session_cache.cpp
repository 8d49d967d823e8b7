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

// A copy: what belongs to a connection that ends without a goodbye cannot be resumed any more, by whomever.
int keep(SSL* ssl, SSL_SESSION* s) {
    session_ptr copy(SSL_SESSION_is_resumable(s) == 1 ? SSL_SESSION_dup(s) : nullptr);
    if (!copy) return 0;
    cache& c = cache_of(ssl);
    const std::lock_guard lock(c.mutex);
    c.sessions.push_back(std::move(copy));
    if (c.sessions.size() > most_sessions) c.sessions.pop_front();
    return 0;
}

session_ptr take(cache& c) {
    const std::lock_guard lock(c.mutex);
    if (c.sessions.empty()) return nullptr;
    if (SSL_SESSION_get_protocol_version(c.sessions.back().get()) < TLS1_3_VERSION)
        return session_ptr(SSL_SESSION_dup(c.sessions.back().get()));
    session_ptr s = std::move(c.sessions.back());
    c.sessions.pop_back();
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

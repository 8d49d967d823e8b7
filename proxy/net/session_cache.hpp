// TLS sessions of one server, kept by the context that its connections come from: the next handshake resumes
// one, which spares both sides the certificates. They end with the context, so that none outlives the files
// by which its server was judged.
#pragma once

#include <openssl/ssl.h>

namespace vestibule::net {

/// For a context that is used for one server and one name alone. Sessions of TLS 1.3 are used once (RFC 8446,
/// C.4). Thread-safe.
void resume_sessions(SSL_CTX* context);

}  // namespace vestibule::net

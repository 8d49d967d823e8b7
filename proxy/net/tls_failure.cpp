// What OpenSSL's reasons mean to who runs a server. Pure.
#include <vestibule/net/tls_server.hpp>

#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace vestibule::net {

tls_failure failure_of(unsigned long reason) noexcept {
    if (ERR_GET_LIB(reason) != ERR_LIB_SSL) return tls_failure::malformed;
    const int why = ERR_GET_REASON(reason);
    if (why > SSL_AD_REASON_OFFSET && why <= SSL_AD_REASON_OFFSET + 255) return tls_failure::alert;
    switch (why) {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return tls_failure::closed;
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST: return tls_failure::plain_http;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_UNSUPPORTED_SSL_VERSION:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_VERSION_TOO_HIGH:
        case SSL_R_WRONG_SSL_VERSION:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_INAPPROPRIATE_FALLBACK: return tls_failure::version;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SHARED_GROUPS:
        case SSL_R_NO_SUITABLE_GROUPS:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return tls_failure::cipher;
        case SSL_R_NO_APPLICATION_PROTOCOL: return tls_failure::alpn;
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        case SSL_R_NO_CERTIFICATES_RETURNED:
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return tls_failure::client_certificate;
        default: return tls_failure::malformed;
    }
}

std::string_view to_string(tls_failure f) noexcept {
    switch (f) {
        case tls_failure::timeout: return "timeout";
        case tls_failure::closed: return "closed";
        case tls_failure::plain_http: return "plain_http";
        case tls_failure::version: return "version";
        case tls_failure::cipher: return "cipher";
        case tls_failure::alpn: return "alpn";
        case tls_failure::client_certificate: return "client_certificate";
        case tls_failure::alert: return "alert";
        case tls_failure::malformed: break;
    }
    return "malformed";
}

}  // namespace vestibule::net

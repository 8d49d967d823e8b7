#include "net/tls_contexts.hpp"

#include "net/certificate_times.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>

namespace vestibule::net {
namespace {

// Mozilla's intermediate set without DHE: forward secrecy, and encryption that authenticates. All are good,
// so that the client's order counts, who knows what its machine is fast at. Those of TLS 1.3 all are.
constexpr const char* ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr unsigned char protocols[] = "\x08http/1.1\x08http/1.0";  // without the NUL at its end
constexpr long session_seconds = 4 * 60 * 60;

struct free_ocsp {
    void operator()(OCSP_RESPONSE* p) const noexcept { OCSP_RESPONSE_free(p); }
    void operator()(OCSP_BASICRESP* p) const noexcept { OCSP_BASICRESP_free(p); }
};

void set_rules(SSL_CTX* c, const tls_server_params& p) {
    SSL_CTX_set_min_proto_version(c, p.min_version == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(c, ciphers);
    SSL_CTX_set1_groups_list(c, groups);
    SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(c, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);  // tickets alone: no state here
    SSL_CTX_set_timeout(c, session_seconds);
    SSL_CTX_set_max_early_data(c, 0);  // what can be replayed must not change anything
}

// A ticket counts only where clients are asked for the same: its session has been verified, or not at all.
void set_session_scope(SSL_CTX* c, const tls_server_params& p, const std::string& authorities) {
    std::string text(1, char('0' + int(p.clients)));
    text += authorities;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    SSL_CTX_set_session_id_context(c, digest, sizeof digest);
}

}  // namespace

std::shared_ptr<const tls_contexts> tls_contexts::make(const tls_server_params& p,
                                                       std::shared_ptr<ticket_keys> keys,
                                                       std::vector<tls_server_problem>& problems) {
    const auto made = std::make_shared<tls_contexts>();
    made->keys_ = std::move(keys);
    for (std::size_t i = 0; i < p.identities.size(); ++i) made->add(p, i, problems);
    return problems.empty() && !p.identities.empty() ? made : nullptr;
}

void tls_contexts::add(const tls_server_params& p, std::size_t index,
                       std::vector<tls_server_problem>& problems) {
    using file = tls_server_problem::file;
    const std::size_t before = problems.size();
    const auto note = [&](file which, complaint wrong) {
        if (!wrong.empty()) problems.push_back({which, index, std::move(wrong)});
    };
    identity& made = identities_.emplace_back();
    made.all = this;
    made.context.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* const c = made.context.get();
    SSL_CTX_set_app_data(c, &made);
    set_rules(c, p);

    std::vector<x509_ptr> chain;
    pkey_ptr key;
    const tls_identity_params& files = p.identities[index];
    note(file::certificate, read_certificates(files.certificate, chain));
    note(file::key, read_key(files.key, key));
    if (problems.size() == before) {
        if (X509_check_private_key(chain[0].get(), key.get()) != 1)
            note(file::key, "does not fit the certificate");
        else if (!use_identity(c, chain, key.get()))
            note(file::certificate, "holds a certificate or key too weak for this machine's OpenSSL");
        ERR_clear_error();
    }
    if (!chain.empty())
        for (const std::string& name : names_of(chain[0].get())) names_.add(name, index);
    if (!files.ocsp.empty() && !chain.empty()) note(file::ocsp, take_ocsp(made, files.ocsp, chain[0].get()));
    complaint wrong = ask_clients(c, p);
    if (index == 0) note(file::client_ca, std::move(wrong));  // the same for all

    SSL_CTX_set_tlsext_servername_callback(c, &choose_identity);
    SSL_CTX_set_alpn_select_cb(c, &choose_protocol, nullptr);
    SSL_CTX_set_tlsext_status_cb(c, &staple);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(c, &seal_ticket);
}

complaint tls_contexts::ask_clients(SSL_CTX* context, const tls_server_params& p) const {
    std::string authorities;
    if (p.clients != client_certificates::off) {
        complaint wrong = read_whole_file(p.client_ca, authorities);
        if (wrong.empty()) wrong = trust_authorities(context, p.client_ca);
        if (!wrong.empty()) return wrong;
        std::vector<x509_ptr> all;
        read_certificates(p.client_ca, all);
        STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
        for (const x509_ptr& one : all)
            sk_X509_NAME_push(names, X509_NAME_dup(X509_get_subject_name(one.get())));
        SSL_CTX_set_client_CA_list(context, names);
        const bool required = p.clients == client_certificates::required;
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                           nullptr);
    }
    set_session_scope(context, p, authorities);
    return {};
}

complaint tls_contexts::take_ocsp(identity& i, const std::string& path, X509* certificate) {
    std::string bytes;
    if (complaint wrong = read_whole_file(path, bytes); !wrong.empty()) return wrong;
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const std::unique_ptr<OCSP_RESPONSE, free_ocsp> answer(
        d2i_OCSP_RESPONSE(nullptr, &at, long(bytes.size())));
    ERR_clear_error();
    if (!answer) return "holds no OCSP answer in DER";
    if (OCSP_response_status(answer.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return "holds an OCSP answer that tells nothing but an error";
    const std::unique_ptr<OCSP_BASICRESP, free_ocsp> basic(OCSP_response_get1_basic(answer.get()));
    for (int n = 0; basic && n < OCSP_resp_count(basic.get()); ++n) {
        OCSP_SINGLERESP* one = OCSP_resp_get0(basic.get(), n);
        ASN1_INTEGER* serial = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial,
                          const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(one)));
        if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) != 0) continue;
        ASN1_GENERALIZEDTIME* next = nullptr;
        OCSP_single_get0_status(one, nullptr, nullptr, nullptr, &next);
        i.ocsp_until = next ? time_of(next) : unix_time::max();
        i.ocsp = std::move(bytes);
        return {};
    }
    return "holds an OCSP answer about another certificate";
}

const tls_contexts::identity& tls_contexts::of(SSL* s) {
    return *static_cast<const identity*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(s)));
}

int tls_contexts::choose_identity(SSL* s, int*, void*) {
    const char* host = SSL_get_servername(s, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const identity& now = of(s);
    const identity& fits = now.all->identities_[now.all->names_.find(host)];
    if (&fits != &now) SSL_set_SSL_CTX(s, fits.context.get());
    return SSL_TLSEXT_ERR_OK;
}

// RFC 7301, section 3.2: a client that offers only what we do not speak is refused.
int tls_contexts::choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                                  const unsigned char* offered, unsigned offered_size, void*) {
    unsigned char* chosen = nullptr;
    const int found =
        SSL_select_next_proto(&chosen, size, protocols, sizeof protocols - 1, offered, offered_size);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

int tls_contexts::staple(SSL* s, void*) {
    const identity& i = of(s);
    if (i.ocsp.empty() || wall_now() >= i.ocsp_until) return SSL_TLSEXT_ERR_NOACK;
    void* copy = OPENSSL_memdup(i.ocsp.data(), i.ocsp.size());
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(s, copy, long(i.ocsp.size()));  // it is OpenSSL's now
    return SSL_TLSEXT_ERR_OK;
}

// 0: no key opens it; 2: it opens, and the client is to get a new one.
int tls_contexts::seal_ticket(SSL* s, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                              EVP_MAC_CTX* mac, int sealing) {
    ticket_keys& keys = *of(s).all->keys_;
    ticket_key key;
    bool newest = true;
    if (sealing != 0) {
        key = keys.sealing(mono_now());
        std::copy(key.name.begin(), key.name.end(), name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    } else {
        const auto found = keys.opening({name, key.name.size()}, mono_now());
        if (!found) return 0;
        key = found->key;
        newest = found->newest;
    }
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    const bool good =
        EVP_MAC_CTX_set_params(mac, params) == 1 &&
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, sealing) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    return good ? (newest ? 1 : 2) : -1;
}

}  // namespace vestibule::net

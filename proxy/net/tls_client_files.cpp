#include "net/tls_client_files.hpp"

#include <openssl/err.h>

#include <cstdlib>

namespace vestibule::net {
namespace {

complaint trust(SSL_CTX* context, const std::string& ca) {
    if (!ca.empty()) return trust_authorities(context, ca);
    SSL_CTX_set_default_verify_paths(context);  // without any no certificate will pass, as is told then
    return {};
}

std::string system_authorities() {
    const char* named = std::getenv(X509_get_default_cert_file_env());
    return named ? named : X509_get_default_cert_file();
}

}  // namespace

std::vector<file_stamp> stamp_tls_files(const tls_client_params& p) {
    return {stamp_of(p.ca.empty() ? system_authorities() : p.ca), stamp_of(p.certificate), stamp_of(p.key)};
}

std::shared_ptr<boost::asio::ssl::context> make_tls_context(const tls_client_params& p,
                                                            std::vector<tls_problem>& problems) {
    const auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
    SSL_CTX* const native = context->native_handle();
    SSL_CTX_set_min_proto_version(native,
                                  p.min_version == tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (!p.verify)
        SSL_CTX_set_cert_verify_callback(
            native, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);

    const auto note = [&problems](tls_file file, complaint wrong) {
        if (!wrong.empty()) problems.push_back({file, std::move(wrong)});
    };
    note(tls_file::ca, trust(native, p.ca));
    if (!p.certificate.empty()) {
        std::vector<x509_ptr> chain;
        pkey_ptr key;
        const std::size_t before = problems.size();
        note(tls_file::certificate, read_certificates(p.certificate, chain));
        note(tls_file::key, read_key(p.key, key));
        if (problems.size() == before) {
            if (X509_check_private_key(chain[0].get(), key.get()) != 1)
                note(tls_file::key, "does not fit the certificate");
            else if (!use_identity(native, chain, key.get()))
                note(tls_file::certificate, "holds a certificate or key too weak for this machine's OpenSSL");
            ERR_clear_error();
        }
    }
    return problems.empty() ? context : nullptr;
}

std::vector<tls_problem> check_tls_files(const tls_client_params& p) {
    std::vector<tls_problem> problems;
    make_tls_context(p, problems);
    return problems;
}

}  // namespace vestibule::net

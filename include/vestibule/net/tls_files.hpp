// Files of certificates and keys: whether they have changed, and what stands in them. Who opens a TLS
// connection uses them, and who accepts one.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vestibule::net {

struct free_openssl {
    void operator()(BIO* p) const noexcept { BIO_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
};
using bio_ptr = std::unique_ptr<BIO, free_openssl>;
using x509_ptr = std::unique_ptr<X509, free_openssl>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, free_openssl>;
using ssl_ptr = std::unique_ptr<SSL, free_openssl>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, free_openssl>;

/// A file as it was at one time. One that cannot be looked at has zeros.
struct file_stamp {
    std::string path;
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified = 0;  // bytes, nanoseconds
    bool operator==(const file_stamp&) const = default;
};

/// Taken before a file is read, so that a change in between counts as one to come.
file_stamp stamp_of(std::string path);

/// What is wrong with a file, to follow "the file": "cannot be read: Permission denied". Empty: nothing. It
/// never tells what stands in it.
using complaint = std::string;

/// All of it, up to 4 MiB; appended.
complaint read_whole_file(const std::string& path, std::string& out);

/// PEM; at least one certificate.
complaint read_certificates(const std::string& path, std::vector<x509_ptr>& out);

/// PEM; one that needs a password is of no use.
complaint read_key(const std::string& path, pkey_ptr& out);

/// Who we are: a certificate, those between it and its authority, and its key, which fits. False: too weak
/// for this machine's OpenSSL.
bool use_identity(SSL_CTX* context, const std::vector<x509_ptr>& chain, EVP_PKEY* key);

/// Makes the authorities of a file (PEM) those that are believed.
complaint trust_authorities(SSL_CTX* context, const std::string& path);

}  // namespace vestibule::net

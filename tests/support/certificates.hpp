// A certificate authority of a test's own, and what it issues, as PEM texts.
//
//     certificate_authority ca;
//     const auto server = ca.issue("DNS:localhost,IP:127.0.0.1");
//     write_file(directory + "/tls.crt", server.certificate);
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace vestibule::test {

inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

struct issued_certificate {
    std::string certificate, key;
    std::string locked_key;  // the key once more, with a password
};

class certificate_authority {
  public:
    explicit certificate_authority(const std::string& name = "test authority")
        : key_(EVP_EC_gen("P-256")), own_(make(name, key_.get(), "", 2)) {}

    std::string certificate() const { return pem(own_.get()); }

    /// `names` as openssl's subjectAltName has them; valid until so many days from now.
    issued_certificate issue(const std::string& names, int days = 2) const {
        const key_ptr key(EVP_EC_gen("P-256"));
        const x509_ptr made = make("vestibule test", key.get(), names, days);
        return {pem(made.get()), pem(key.get(), nullptr), pem(key.get(), EVP_aes_128_cbc())};
    }

    /// An OCSP answer (DER) that the first of these certificates is good, for so many seconds from now.
    std::string ocsp(const std::string& certificate, long valid = 3600) const {
        const bio_ptr text(BIO_new_mem_buf(certificate.data(), int(certificate.size())));
        const x509_ptr about(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
        OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
        OCSP_CERTID* id = OCSP_cert_to_id(nullptr, about.get(), own_.get());
        ASN1_TIME* now = X509_gmtime_adj(nullptr, -7200);
        ASN1_TIME* next = X509_gmtime_adj(nullptr, valid);
        OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, now, next);
        OCSP_basic_sign(basic, own_.get(), key_.get(), EVP_sha256(), nullptr, 0);
        OCSP_RESPONSE* answer = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
        const bio_ptr out(BIO_new(BIO_s_mem()));
        i2d_OCSP_RESPONSE_bio(out.get(), answer);
        ASN1_TIME_free(now);
        ASN1_TIME_free(next);
        OCSP_CERTID_free(id);
        OCSP_BASICRESP_free(basic);
        OCSP_RESPONSE_free(answer);
        return text_of(out.get());
    }

  private:
    struct deleter {
        void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
        void operator()(X509* p) const { X509_free(p); }
        void operator()(BIO* p) const { BIO_free(p); }
    };
    using key_ptr = std::unique_ptr<EVP_PKEY, deleter>;
    using x509_ptr = std::unique_ptr<X509, deleter>;
    using bio_ptr = std::unique_ptr<BIO, deleter>;

    // Signed by this authority; without names it is its own.
    x509_ptr make(const std::string& name, EVP_PKEY* key, const std::string& names, int days) const {
        constexpr long day = 24 * 60 * 60;
        x509_ptr made(X509_new());
        X509* const x = made.get();
        X509_set_version(x, X509_VERSION_3);
        static long serial = 0;
        ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(x), -30 * day);
        X509_gmtime_adj(X509_getm_notAfter(x), days * day);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_pubkey(x, key);
        X509* const issuer = names.empty() ? x : own_.get();
        X509_set_issuer_name(x, X509_get_subject_name(issuer));
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
        extend(x, &context, NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "CA:FALSE");
        // By these an authority is told from another of the same name.
        extend(x, &context, NID_subject_key_identifier, "hash");
        if (!names.empty()) extend(x, &context, NID_authority_key_identifier, "keyid:always");
        if (!names.empty()) extend(x, &context, NID_subject_alt_name, names);
        if (X509_sign(x, key_.get(), EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
        return made;
    }
    static void extend(X509* x, X509V3_CTX* context, int what, const std::string& value) {
        X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, context, what, value.c_str());
        if (!e) throw std::runtime_error("no extension " + value);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }

    static std::string text_of(BIO* bio) {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data);
        return {data, static_cast<std::size_t>(size)};
    }
    static std::string pem(X509* x) {
        const bio_ptr bio(BIO_new(BIO_s_mem()));
        PEM_write_bio_X509(bio.get(), x);
        return text_of(bio.get());
    }
    static std::string pem(EVP_PKEY* key, const EVP_CIPHER* locked) {
        const bio_ptr bio(BIO_new(BIO_s_mem()));
        char password[] = "locked";
        PEM_write_bio_PrivateKey(bio.get(), key, locked, nullptr, 0, nullptr, locked ? password : nullptr);
        return text_of(bio.get());
    }

    key_ptr key_;
    x509_ptr own_;
};

}  // namespace vestibule::test

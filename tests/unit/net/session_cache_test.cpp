// Sessions are resumed by the next connection, however the last one ended. OpenSSL against itself, in memory.
#include "net/session_cache.hpp"
#include "certificates.hpp"

#include <vestibule/net/tls_files.hpp>

#include <gtest/gtest.h>

namespace vestibule::net {
namespace {

class both_sides {
  public:
    explicit both_sides(int version)
        : server_(SSL_CTX_new(TLS_server_method())), client_(SSL_CTX_new(TLS_client_method())) {
        const auto made = vestibule::test::certificate_authority().issue("DNS:app");
        const bio_ptr certificate = over(made.certificate), key = over(made.key);
        const x509_ptr x(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
        const pkey_ptr k(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
        SSL_CTX_use_certificate(server_.get(), x.get());
        SSL_CTX_use_PrivateKey(server_.get(), k.get());
        SSL_CTX_set_min_proto_version(server_.get(), version);
        SSL_CTX_set_max_proto_version(server_.get(), version);
        resume_sessions(client_.get());
    }

    /// One connection, over which a byte comes. Whether it resumed a session. Nobody says goodbye.
    bool connect() {
        const ssl_ptr s(SSL_new(server_.get())), c(SSL_new(client_.get()));
        BIO *at_server = nullptr, *at_client = nullptr;
        BIO_new_bio_pair(&at_server, 0, &at_client, 0);
        SSL_set_bio(s.get(), at_server, at_server);
        SSL_set_bio(c.get(), at_client, at_client);
        SSL_set_accept_state(s.get());
        SSL_set_connect_state(c.get());
        for (int i = 0; i < 20; ++i) {
            SSL_do_handshake(c.get());
            SSL_do_handshake(s.get());
        }
        char byte = 'x';
        EXPECT_EQ(SSL_write(s.get(), &byte, 1), 1);
        EXPECT_EQ(SSL_read(c.get(), &byte, 1), 1);
        return SSL_session_reused(c.get()) == 1;
    }

  private:
    static bio_ptr over(const std::string& text) {
        return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    }
    ssl_ctx_ptr server_, client_;
};

TEST(session_cache, the_next_connection_resumes) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        both_sides sides(version);
        EXPECT_FALSE(sides.connect()) << version;
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(sides.connect()) << version << " " << i;
    }
}

}  // namespace
}  // namespace vestibule::net

// What a set of files makes: one context a certificate, chosen by the name that a client asks for.
// Immutable, shared by all workers.
#pragma once

#include "net/certificate_names.hpp"
#include "net/ticket_keys.hpp"

#include <vestibule/net/tls_files.hpp>
#include <vestibule/net/tls_params.hpp>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace vestibule::net {

class tls_contexts {
  public:
    /// Null where a file is of no use; `problems` says which and why.
    static std::shared_ptr<const tls_contexts> make(const tls_server_params& p,
                                                    std::shared_ptr<ticket_keys> keys,
                                                    std::vector<tls_server_problem>& problems);

    SSL_CTX* first() const noexcept { return identities_.front().context.get(); }

  private:
    struct identity {
        ssl_ctx_ptr context;
        const tls_contexts* all = nullptr;
        std::string ocsp;      // empty: nothing to staple
        unix_time ocsp_until;  // when it ends
    };

    void add(const tls_server_params& p, std::size_t index, std::vector<tls_server_problem>& problems);
    complaint take_ocsp(identity& i, const std::string& path, X509* certificate);
    complaint ask_clients(SSL_CTX* context, const tls_server_params& p) const;

    // What OpenSSL asks in a handshake.
    static const identity& of(SSL* s);
    static int choose_identity(SSL* s, int* alert, void*);
    static int choose_protocol(SSL* s, const unsigned char** out, unsigned char* size,
                               const unsigned char* offered, unsigned offered_size, void*);
    static int staple(SSL* s, void*);
    static int seal_ticket(SSL* s, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, int sealing);

    std::shared_ptr<ticket_keys> keys_;
    std::deque<identity> identities_;  // they stay where they are
    certificate_names names_;
};

}  // namespace vestibule::net

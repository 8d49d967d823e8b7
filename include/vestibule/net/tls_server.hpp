// TLS of a listening socket: a session for each connection that comes, from files that may change while we
// run. They are looked at when a connection comes, once a second at most; new ones that are of no use (half
// written, say) leave the last good ones in use, which is logged once.
//
//     const auto contexts = tls.current();                      // any thread
//     net::tls_stream stream(std::move(plain), contexts->session());
//     const auto outcome = co_await stream.handshake();         // holds contexts until then
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/net/tls_files.hpp>
#include <vestibule/net/tls_params.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::net {

class ticket_keys;
class tls_contexts;

/// Why a handshake failed.
enum class tls_failure {
    timeout,             // too slow
    closed,              // the client has gone
    plain_http,          // a request where TLS is spoken
    version,             // none in common
    cipher,              // the same, or no signature or group
    alpn,                // offers only other protocols than http/1.1
    client_certificate,  // none where one is required, or one that is not believed
    alert,               // the client refuses, our certificate mostly
    malformed,           // no TLS, or broken
};
/// Of a reason that OpenSSL gives.
tls_failure failure_of(unsigned long reason) noexcept;
std::string_view to_string(tls_failure f) noexcept;

/// Who is at the other end, after a handshake.
struct tls_client {
    bool v1_3 = false;
    bool resumed = false;
    std::string subject;  // of its certificate, which is verified, as RFC 2253 writes it; empty: none
};

/// Nothing: its certificate has run out since it was verified (a resumed session).
std::optional<tls_client> client_of(SSL* session);

/// Shared by the listening sockets of a process.
std::shared_ptr<ticket_keys> make_ticket_keys();

class tls_server {
  public:
    /// `address`: for the log.
    tls_server(tls_server_params p, std::shared_ptr<ticket_keys> keys, std::string address);
    ~tls_server();

    /// For the next connection. Null where no files were good ever.
    std::shared_ptr<const tls_contexts> current();

    /// Other files and rules for connections from now on.
    void reconfigure(tls_server_params p);

  private:
    void look(mono_time now);

    const std::shared_ptr<ticket_keys> keys_;
    const std::string address_;
    std::mutex mutex_;
    tls_server_params params_;
    std::vector<file_stamp> stamps_;  // of what was read last
    std::shared_ptr<const tls_contexts> contexts_;
    mono_time next_look_{};
    std::string told_;  // what was logged of files that are not good; empty: they are
};

/// A new session, as the server's side of it; the contexts must last until its handshake is over.
ssl_ptr new_session(const tls_contexts& c);

/// When the first certificate of a file ends; nothing where there is none.
std::optional<unix_time> end_of_certificate(const std::string& path);

}  // namespace vestibule::net

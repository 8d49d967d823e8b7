// TLS of a listening socket: who we are, whom we want to know.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace vestibule::net {

enum class tls_version { v1_2, v1_3 };

/// One certificate, chosen by the names in it. Files are PEM; changed ones are read while we run.
struct tls_identity_params {
    std::string certificate{};  // file of ours, and those between it and its authority
    std::string key{};          // file of its key
    std::string ocsp{};  // file of an OCSP answer about it (DER), stapled while it is valid; empty: none
    bool operator==(const tls_identity_params&) const = default;
};

/// Certificates of clients (mutual TLS).
enum class client_certificates { off, optional, required };

struct tls_server_params {
    std::vector<tls_identity_params> identities{};  // at least one: where no name fits, it is the first
    tls_version min_version = tls_version::v1_2;
    client_certificates clients = client_certificates::off;
    std::string client_ca{};  // file of the authorities of clients; empty: clients is off
    bool operator==(const tls_server_params&) const = default;
};

struct tls_server_problem {
    enum class file { certificate, key, ocsp, client_ca };
    file which;
    std::size_t identity;  // not of client_ca
    std::string what;      // follows "the file": "cannot be read: Permission denied"
};

/// What is wrong with the files as they are now. It never tells what stands in them.
std::vector<tls_server_problem> check_tls_files(const tls_server_params& p);

}  // namespace vestibule::net

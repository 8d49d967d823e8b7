// TLS as a client, to Redis or to a backend: whom to believe, and who we are.
#pragma once

#include <vestibule/net/tls_params.hpp>

#include <string>
#include <vector>

namespace vestibule::net {

/// Files are PEM. Changed ones are read for the next connection.
struct tls_client_params {
    std::string ca{};           // file of authorities, the only ones then; empty: those of the system
    std::string certificate{};  // file of ours, and those between it and its authority; empty: none
    std::string key{};          // file of its key
    std::string server_name{};  // SNI and name of the server's certificate; empty: the host of the address
    tls_version min_version = tls_version::v1_2;
    bool verify = true;  // false: whoever answers is believed to be the server
    bool operator==(const tls_client_params&) const = default;
};

enum class tls_file { ca, certificate, key };

struct tls_problem {
    tls_file file;
    std::string what;  // follows "the file": "cannot be read: Permission denied"
};

/// What is wrong with the files as they are now. It never tells what stands in them.
std::vector<tls_problem> check_tls_files(const tls_client_params& p);

}  // namespace vestibule::net

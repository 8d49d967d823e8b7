#include "config/sections.hpp"
#include "config/text_form.hpp"

namespace vestibule::config {
namespace {

void read_identity(const map_reader& m, net::tls_identity_params& out) {
    read_file_path(m["certificate"], out.certificate);
    read_file_path(m["key"], out.key);
    read_file_path(m["ocsp"], out.ocsp);
    for (const char* key : {"certificate", "key"})
        if (const auto at = m[key]; !at.broken() && (key[0] == 'c' ? out.certificate : out.key).empty())
            at.error(std::string("is required: the file of ") +
                     (key[0] == 'c' ? "a certificate (PEM)" : "the certificate's key (PEM)"));
}

void check_clients(const map_reader& m, const net::tls_server_params& p) {
    const bool asks = p.clients != net::client_certificates::off;
    if (asks && p.client_ca.empty())
        m["client_ca"].error(
            "is required where clients are asked for a certificate: the file of their "
            "authorities (PEM)");
    if (!asks && !p.client_ca.empty())
        m["client_ca"].error("has no effect while client_certificate is off (optional, or required)");
}

void check_files(const cursor& at, const net::tls_server_params& p) {
    using file = net::tls_server_problem::file;
    const map_reader first(at);
    for (const auto& [which, identity, what] : net::check_tls_files(p)) {
        const char* key = which == file::certificate ? "certificate"
                          : which == file::key       ? "key"
                          : which == file::ocsp      ? "ocsp"
                                                     : "client_ca";
        const cursor place = identity == 0 ? at.key(key) : at.key("more").item(identity - 1).key(key);
        place.error("the file " + what);
    }
}

}  // namespace

void read_listen_tls(const cursor& at, std::optional<net::tls_server_params>& out) {
    if (at.absent()) return;
    const auto problems_before = at.shared().problems.size();
    const map_reader m(at);
    net::tls_server_params p;
    read_identity(m, p.identities.emplace_back());
    for (const cursor& one : items_of(m["more"])) read_identity(map_reader(one), p.identities.emplace_back());
    read_choice(m["min_version"], p.min_version,
                {{"1.2", net::tls_version::v1_2}, {"1.3", net::tls_version::v1_3}});
    const bool known = read_choice(m["client_certificate"], p.clients,
                                   {{"off", net::client_certificates::off},
                                    {"optional", net::client_certificates::optional},
                                    {"required", net::client_certificates::required}});
    read_file_path(m["client_ca"], p.client_ca);
    if (known) check_clients(m, p);
    if (at.shared().problems.size() == problems_before) check_files(at, p);
    out = std::move(p);
}

}  // namespace vestibule::config

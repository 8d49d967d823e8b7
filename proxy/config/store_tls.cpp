#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <boost/asio/ip/address.hpp>

namespace vestibule::config {
namespace {

void read_server_name(const cursor& at, std::string& out) {
    std::string name;
    if (at.absent() || !read_text(at, name) || name.empty()) return;
    boost::system::error_code ec;
    boost::asio::ip::make_address(name, ec);
    if (ec && !is_host_name(name))
        return at.error(at.shown() + " is no host name (like redis.example.com; no port, no wildcard)");
    out = std::move(name);
}

/// Both or none, and with TLS. Whether the files are worth looking at.
bool check_keys(const map_reader& m, bool tls, const std::string& no_effect,
                const net::tls_client_params& p) {
    const auto problems_before = m.at().shared().problems.size();
    const auto is_set = [&](const char* key) { return m[key].given() && m[key].text() != ""; };
    if (!tls) {
        for (const char* key : {"ca", "certificate", "key", "server_name"})
            if (is_set(key)) m[key].error(no_effect);
        if (p.min_version != net::tls_version::v1_2) m["min_version"].error(no_effect);
    } else if (p.certificate.empty() != p.key.empty()) {
        const std::string path = m.at().path();
        m[p.key.empty() ? "certificate" : "key"].error(
            p.key.empty() ? "needs a key as well (" + path + ".key)"
                          : "needs a certificate as well (" + path + ".certificate)");
    }
    return m.at().shared().problems.size() == problems_before;
}

}  // namespace

void read_client_tls(const cursor& at, bool tls, const std::string& no_effect, net::tls_client_params& out) {
    const auto problems_before = at.shared().problems.size();
    const map_reader m(at);
    read_file_path(m["ca"], out.ca);
    read_file_path(m["certificate"], out.certificate);
    read_file_path(m["key"], out.key);
    read_server_name(m["server_name"], out.server_name);
    read_choice(m["min_version"], out.min_version,
                {{"1.2", net::tls_version::v1_2}, {"1.3", net::tls_version::v1_3}});
    if (at.shared().problems.size() != problems_before || !check_keys(m, tls, no_effect, out) || !tls) return;
    for (const auto& [file, what] : net::check_tls_files(out)) {
        const char* key = file == net::tls_file::ca            ? "ca"
                          : file == net::tls_file::certificate ? "certificate"
                                                               : "key";
        m[key].error("the file " + what);
    }
}

}  // namespace vestibule::config

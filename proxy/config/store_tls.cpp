#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <boost/asio/ip/address.hpp>

#include <filesystem>

namespace vestibule::config {
namespace {

void read_path(const cursor& at, std::string& out) {
    std::string path;
    if (at.absent() || !read_text(at, path) || path.empty()) return;
    out = (std::filesystem::path(at.shared().base_directory) / path).string();
}

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
bool check_keys(const map_reader& m, bool tls, const store::store_tls_params& p) {
    const auto problems_before = m.at().shared().problems.size();
    const auto is_set = [&](const char* key) { return m[key].given() && m[key].text() != ""; };
    if (!tls) {
        for (const char* key : {"ca", "certificate", "key", "server_name"})
            if (is_set(key)) m[key].error("has no effect without TLS (rediss in store.url)");
        if (p.min_version != store::tls_version::v1_2)
            m["min_version"].error("has no effect without TLS (rediss in store.url)");
    } else if (p.certificate.empty() != p.key.empty()) {
        m[p.key.empty() ? "certificate" : "key"].error(p.key.empty() ? "needs a key as well (store.tls.key)"
                                                                     : "needs a certificate as well "
                                                                       "(store.tls.certificate)");
    }
    return m.at().shared().problems.size() == problems_before;
}

}  // namespace

void read_store_tls(const cursor& at, bool tls, store::store_tls_params& out) {
    const auto problems_before = at.shared().problems.size();
    const map_reader m(at);
    read_path(m["ca"], out.ca);
    read_path(m["certificate"], out.certificate);
    read_path(m["key"], out.key);
    read_server_name(m["server_name"], out.server_name);
    read_choice(m["min_version"], out.min_version,
                {{"1.2", store::tls_version::v1_2}, {"1.3", store::tls_version::v1_3}});
    if (at.shared().problems.size() != problems_before || !check_keys(m, tls, out) || !tls) return;
    for (const auto& [file, what] : store::check_tls_files(out)) {
        const char* key = file == store::tls_file::ca            ? "ca"
                          : file == store::tls_file::certificate ? "certificate"
                                                                 : "key";
        m[key].error("the file " + what);
    }
}

}  // namespace vestibule::config

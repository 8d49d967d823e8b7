#include <vestibule/net/tls_server.hpp>

#include "net/certificate_times.hpp"
#include "net/tls_contexts.hpp"

#include <vestibule/base/logger.hpp>

namespace vestibule::net {
namespace {

constexpr auto between_looks = seconds(1);

std::vector<file_stamp> stamps_of(const tls_server_params& p) {
    std::vector<file_stamp> out{stamp_of(p.client_ca)};
    for (const tls_identity_params& i : p.identities)
        for (const std::string& path : {i.certificate, i.key, i.ocsp}) out.push_back(stamp_of(path));
    return out;
}

std::string text_of(const tls_server_params& p, const std::vector<tls_server_problem>& problems) {
    using file = tls_server_problem::file;
    std::string out;
    for (const tls_server_problem& one : problems) {
        const tls_identity_params& i = p.identities[one.identity];
        const std::string& path = one.which == file::certificate ? i.certificate
                                  : one.which == file::key       ? i.key
                                  : one.which == file::ocsp      ? i.ocsp
                                                                 : p.client_ca;
        out.append(out.empty() ? "" : "; ").append(path + " " + one.what);
    }
    return out;
}

}  // namespace

std::vector<tls_server_problem> check_tls_files(const tls_server_params& p) {
    std::vector<tls_server_problem> problems;
    tls_contexts::make(p, nullptr, problems);
    return problems;
}

std::shared_ptr<ticket_keys> make_ticket_keys() {
    return std::make_shared<ticket_keys>();
}

tls_server::tls_server(tls_server_params p, std::shared_ptr<ticket_keys> keys, std::string address)
    : keys_(std::move(keys)), address_(std::move(address)), params_(std::move(p)) {}

tls_server::~tls_server() = default;

std::shared_ptr<const tls_contexts> tls_server::current() {
    const std::lock_guard lock(mutex_);
    if (const mono_time now = mono_now(); now >= next_look_) look(now);
    return contexts_;
}

void tls_server::reconfigure(tls_server_params p) {
    const std::lock_guard lock(mutex_);
    params_ = std::move(p);
    stamps_.clear();
    next_look_ = {};
}

void tls_server::look(mono_time now) {
    next_look_ = now + between_looks;
    auto stamps = stamps_of(params_);
    if (stamps == stamps_) return;
    std::vector<tls_server_problem> problems;
    auto made = tls_contexts::make(params_, keys_, problems);
    stamps_ = std::move(stamps);
    if (made) {
        if (contexts_) log::info("TLS files have changed and are in use", {{"address", address_}});
        contexts_ = std::move(made);
        told_.clear();
        return;
    }
    std::string reason = text_of(params_, problems);
    if (reason != told_)
        log::warn(contexts_ ? "TLS files are of no use, the last good ones stay"
                            : "TLS files are of no use, no connection is accepted",
                  {{"address", address_}, {"reason", reason}});
    told_ = std::move(reason);
}

ssl_ptr new_session(const tls_contexts& c) {
    ssl_ptr s(SSL_new(c.first()));
    SSL_set_accept_state(s.get());
    return s;
}

std::optional<tls_client> client_of(SSL* session) {
    tls_client out{.v1_3 = SSL_version(session) == TLS1_3_VERSION,
                   .resumed = SSL_session_reused(session) == 1,
                   .subject = {}};
    X509* const certificate = SSL_get0_peer_certificate(session);
    if (certificate == nullptr || SSL_get_verify_result(session) != X509_V_OK) return out;
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) return std::nullopt;
    const bio_ptr text(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    out.subject.assign(data, std::size_t(size));
    return out;
}

std::optional<unix_time> end_of_certificate(const std::string& path) {
    std::vector<x509_ptr> chain;
    if (!read_certificates(path, chain).empty()) return std::nullopt;
    return time_of(X509_get0_notAfter(chain[0].get()));
}

}  // namespace vestibule::net

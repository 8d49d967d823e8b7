#include "net/certificate_names.hpp"

#include <openssl/x509v3.h>

#include <algorithm>

namespace vestibule::net {
namespace {

constexpr std::size_t max_name = 255;  // RFC 1035, section 2.3.4

// Lower case, without the dot of the root.
std::string plain(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    std::string out(name.substr(0, max_name));
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return out;
}

std::string text_of(const ASN1_STRING* s) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)), std::size_t(ASN1_STRING_length(s))};
}

}  // namespace

void certificate_names::add(std::string_view name, std::size_t certificate) {
    if (name.starts_with("*.")) name.remove_prefix(1);
    if (std::string key = plain(name); !key.empty()) names_.emplace(std::move(key), certificate);
}

std::size_t certificate_names::find(std::string_view host) const {
    const std::string name = plain(host);
    if (name.starts_with('.')) return 0;
    auto found = names_.find(name);
    if (const auto dot = name.find('.'); found == names_.end() && dot != std::string::npos)
        found = names_.find(std::string_view(name).substr(dot));
    return found == names_.end() ? 0 : found->second;
}

std::vector<std::string> names_of(X509* certificate) {
    std::vector<std::string> out;
    auto* all =
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_DNS) out.push_back(text_of(one->d.dNSName));
    }
    GENERAL_NAMES_free(all);
    if (!out.empty()) return out;
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) out.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
    return out;
}

}  // namespace vestibule::net

// Which of several certificates is for a host, by the names in them (RFC 6125: the leftmost label alone may
// be a wildcard, and stands for one label). Pure.
#pragma once

#include <openssl/x509.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::net {

class certificate_names {
  public:
    /// The first that has a name keeps it. A name like "*.example.com" is for all hosts one label longer
    /// that no other name is for.
    void add(std::string_view name, std::size_t certificate);

    /// `host`: as a client sends it (SNI), in any case. 0 where no name fits.
    std::size_t find(std::string_view host) const;

  private:
    std::map<std::string, std::size_t, std::less<>> names_;  // of wildcards what follows the star
};

/// The DNS names that a certificate is for; its common name where it has none.
std::vector<std::string> names_of(X509* certificate);

}  // namespace vestibule::net

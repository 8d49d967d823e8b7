// What the tests of this room share: a fake environment, and settings as text to compare.
#pragma once

#include <vestibule/config/config.hpp>

#include <map>
#include <string>
#include <vector>

namespace vestibule::config {

using variables = std::map<std::string, std::string>;

inline environment fake_environment(variables v) {
    return [v = std::move(v)](const std::string& name) -> std::optional<std::string> {
        const auto found = v.find(name);
        if (found == v.end()) return std::nullopt;
        return found->second;
    };
}

/// "LINE:COL: path: message" of each.
inline std::vector<std::string> lines_of(const std::vector<problem>& problems) {
    std::vector<std::string> lines;
    for (const auto& p : problems) lines.push_back(to_string(p, "").substr(1));
    return lines;
}

/// ca.pem, cert.pem, key.pem and ocsp.der that belong together; other_key.pem and other_ocsp.der;
/// text.pem, which is none.
void write_tls_files(const std::string& directory);

/// Every field, one a line. Structured bindings, so that a new field does not compile until it is here.
std::string describe(const settings& s);

}  // namespace vestibule::config

#include <vestibule/server/jwks.hpp>

namespace vestibule::server {

std::string jwks(const assertion_params& p) {
    if (!p.enabled) return {};
    std::string out = R"({"keys":[)";
    for (const std::string& secret : p.keys) {
        const signing_key key(p.algorithm, secret);
        if (key.public_jwk().empty()) continue;
        if (out.back() != '[') out += ',';
        out += key.public_jwk();
    }
    return out + "]}\n";
}

}  // namespace vestibule::server

#include "store/sentinels.hpp"

#include "store/store_seeds.hpp"

#include <array>
#include <charconv>

namespace vestibule::store {
namespace {

std::optional<net::endpoint> endpoint_of(std::string_view host, std::string_view port) {
    net::endpoint out{.host = std::string(host), .port = 0, .unix_path = {}};
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    const bool number = ec == std::errc() && end == port.data() + port.size() && out.port != 0;
    if (!number || host.empty() || host.size() > longest_host) return std::nullopt;
    return out;
}

}  // namespace

greeting sentinel_greeting(const store_params& p) {
    return {.user = p.sentinel_user,
            .password = p.sentinel_password,
            .tls = p.url.tls,
            .certificate = !p.url.tls_params.certificate.empty()};
}

void append_question(std::string& out, std::string_view service) {
    append_command(out, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", service});
}

std::optional<net::endpoint> read_primary(const reply& r, std::string& problem) {
    if (r.is_error()) {
        problem = "the sentinel refuses: " + std::string(error_word(r.text));
        return std::nullopt;
    }
    if (r.is_nil()) {
        problem = "the sentinel knows nobody by that name";
        return std::nullopt;
    }
    if (r.items.size() == 2)
        if (auto found = endpoint_of(r.items[0].text, r.items[1].text)) return found;
    problem = "what answers is no sentinel";
    return std::nullopt;
}

std::optional<net::endpoint> read_switch(std::string_view message, std::string_view service) {
    std::array<std::string_view, 5> words;
    for (std::string_view& word : words) {
        const std::size_t space = message.find(' ');
        word = message.substr(0, space);
        message.remove_prefix(space == message.npos ? message.size() : space + 1);
    }
    if (words[0] != service) return std::nullopt;
    return endpoint_of(words[3], words[4]);
}

}  // namespace vestibule::store

#include "store/store_seeds.hpp"

#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <charconv>

namespace vestibule::store {
namespace {

constexpr std::size_t most = 32;

// Empty where there is none: a colon without a number is no port either.
std::string_view take_port(std::string_view text, std::uint16_t& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool good = ec == std::errc() && end == text.data() + text.size() && out != 0;
    return good ? std::string_view() : wrong_port;
}

std::string_view take_seed(std::string_view text, store_address& out) {
    std::string_view host = text, behind;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == text.npos) return wrong_host;
        host = text.substr(1, close - 1);
        behind = text.substr(close + 1);
        boost::system::error_code ec;
        boost::asio::ip::make_address_v6(std::string(host), ec);
        // Boost takes a zone (fe80::1%eth0), too, as the hosts of other URLs here do not.
        if (ec || !std::all_of(host.begin(), host.end(), is_host_character)) return wrong_host;
    } else {
        const auto colon = std::min(text.find(':'), text.size());
        host = text.substr(0, colon);
        behind = text.substr(colon);
        if (behind.find(':', 1) != behind.npos)
            return "an IPv6 address stands in brackets, as in [::1]:26379, and hosts are parted by commas";
        if (!std::all_of(host.begin(), host.end(), is_host_character)) return wrong_host;
    }
    if (host.empty()) return "host is missing; several are written h1:26379,h2:26379";
    out.host = host;
    if (behind.empty()) return {};
    if (!behind.starts_with(':')) return wrong_host;
    return take_port(behind.substr(1), out.port);
}

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return text;
}

// However it is written.
bool same(const store_address& a, const store_address& b) {
    const auto plain = [](const std::string& host) {
        boost::system::error_code ec;
        const auto v6 = boost::asio::ip::make_address_v6(host, ec);
        return ec ? lower(host) : v6.to_string();
    };
    return a.port == b.port && plain(a.host) == plain(b.host);
}

}  // namespace

bool is_host_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':';
}

std::string_view take_seeds(std::string_view list, std::uint16_t usual_port,
                            std::vector<store_address>& out) {
    for (bool more = true; more;) {
        const auto comma = std::min(list.find(','), list.size());
        store_address seed{{}, usual_port};
        if (const auto wrong = take_seed(list.substr(0, comma), seed); !wrong.empty()) return wrong;
        if (std::any_of(out.begin(), out.end(), [&](const store_address& a) { return same(a, seed); }))
            return "a host stands there twice";
        if (out.size() == most) return "has more than 32 hosts";
        out.push_back(std::move(seed));
        more = comma < list.size();
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return {};
}

std::string to_string(const store_address& a) {
    const bool v6 = a.host.find(':') != std::string::npos;
    return (v6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
}

}  // namespace vestibule::store

// Whom to believe about where a request comes from.
#include <vestibule/http/forwarding.hpp>

#include "http/ascii.hpp"
#include "http/forwarded_values.hpp"

#include <algorithm>
#include <charconv>

namespace vestibule::http {
namespace {

bool is_trusted(const ip_address& address, std::span<const cidr> trusted) noexcept {
    return std::any_of(trusted.begin(), trusted.end(), [&](const cidr& c) { return c.contains(address); });
}

bool is_port(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), ascii::is_digit);
}

// An address as it is found in X-Forwarded-For: bare, in brackets, with a port.
std::optional<ip_address> parse_entry(std::string_view entry) noexcept {
    if (entry.starts_with('[')) {
        const auto close = entry.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const auto behind = entry.substr(close + 1);
        if (!behind.empty() && !(behind.front() == ':' && is_port(behind.substr(1)))) return std::nullopt;
        return ip_address::parse(entry.substr(1, close - 1));
    }
    const auto colon = entry.find(':');
    if (colon != std::string_view::npos && colon == entry.rfind(':')) {
        if (!is_port(entry.substr(colon + 1))) return std::nullopt;
        entry = entry.substr(0, colon);
    }
    return ip_address::parse(entry);
}

// Takes the last item off a comma-separated list.
std::string_view take_last(std::string_view& rest) noexcept {
    const auto comma = rest.rfind(',');
    const auto item = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(0, comma);
    return ascii::trim(item);
}

// Walks X-Forwarded-For from its end, over all lines. `nearest` is the address known so far: replaced by
// each good entry, up to and with the first that is not trusted.
void walk_forwarded_for(const field_list& fields, std::span<const cidr> trusted,
                        std::optional<ip_address>& nearest) {
    for (auto line = fields.end(); line != fields.begin();) {
        --line;
        if (!is_forwarded_for(*line)) continue;
        for (auto rest = line->value; !rest.empty();) {
            const auto item = take_last(rest);
            if (item.empty()) continue;
            const auto address = parse_entry(item);
            if (!address) return;
            nearest = address;
            if (!is_trusted(*address, trusted)) return;
        }
    }
}

}  // namespace

result<cidr> cidr::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = ip_address::parse(text.substr(0, slash));
    if (!address) return make_error_code(errc::invalid_argument);

    cidr range;
    range.network_ = *address;
    range.bits_ = 128;
    if (slash == std::string_view::npos) return range;

    const auto digits = text.substr(slash + 1);
    const bool dotted = text.substr(0, slash).find(':') == std::string_view::npos;
    const unsigned offset = dotted ? 96 : 0;
    unsigned bits = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (ec != std::errc{} || end != digits.data() + digits.size() || bits > 128 - offset) {
        return make_error_code(errc::invalid_argument);
    }
    range.bits_ = offset + bits;
    for (unsigned bit = range.bits_; bit < 128; ++bit)
        if ((address->bytes()[bit / 8] >> (7 - bit % 8)) & 1) return make_error_code(errc::invalid_argument);
    return range;
}

bool cidr::contains(const ip_address& a) const noexcept {
    if (a.is_v4() != network_.is_v4()) return false;
    const unsigned whole = bits_ / 8, rest = bits_ % 8;
    if (!std::equal(a.bytes().begin(), a.bytes().begin() + whole, network_.bytes().begin())) return false;
    return rest == 0 || ((a.bytes()[whole] ^ network_.bytes()[whole]) >> (8 - rest)) == 0;
}

void find_client(const field_list& fields, const ip_address& peer, bool own_tls,
                 std::span<const cidr> trusted, client_facts& out) {
    static const ip_address loopback = *ip_address::parse("127.0.0.1");
    const bool unix_socket = peer.is_unspecified();

    out.peer_trusted = is_trusted(unix_socket ? loopback : peer, trusted);
    out.https = own_tls || (out.peer_trusted && is_secure(forwarded_proto(fields)));

    out.address.reset();
    if (!unix_socket) out.address = peer;
    if (out.peer_trusted) walk_forwarded_for(fields, trusted, out.address);
}

}  // namespace vestibule::http

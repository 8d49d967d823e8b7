#include <vestibule/http/framing.hpp>
#include <vestibule/http/origin.hpp>

#include "http/ascii.hpp"
#include "http/authority.hpp"

#include <algorithm>
#include <charconv>

namespace vestibule::http {
namespace {

constexpr std::string_view scheme_end = "://";
constexpr ascii::char_set scheme_chars{"+-."};

std::uint16_t default_port(std::string_view scheme) noexcept {
    if (iequals(scheme, "https") || iequals(scheme, "wss")) return 443;
    return iequals(scheme, "http") || iequals(scheme, "ws") ? 80 : 0;
}

bool is_scheme(std::string_view text) noexcept {
    return !text.empty() && ascii::is_alpha(text.front()) && scheme_chars.contains_all(text);
}

// "host:" is a valid Host, but no browser writes an origin so.
enum class empty_port { refused, taken };

std::optional<origin> from_authority(std::string_view scheme, std::string_view authority,
                                     empty_port empty) noexcept {
    if (!valid_authority(authority)) return std::nullopt;
    origin o{scheme, authority, default_port(scheme)};
    const auto colon = authority.rfind(':');
    if (colon == authority.npos || authority.find(']', colon) != authority.npos) return o;
    o.host = authority.substr(0, colon);
    const auto digits = authority.substr(colon + 1);
    if (digits.empty()) return empty == empty_port::taken ? std::optional(o) : std::nullopt;
    const auto ec = std::from_chars(digits.data(), digits.data() + digits.size(), o.port).ec;
    if (ec != std::errc{} || o.port == 0) return std::nullopt;
    return o;
}

}  // namespace

bool operator==(const origin& a, const origin& b) noexcept {
    return a.port == b.port && iequals(a.scheme, b.scheme) && iequals(a.host, b.host);
}

std::optional<origin> parse_origin(std::string_view text) noexcept {
    const auto end = text.find(scheme_end);
    if (end == text.npos || !is_scheme(text.substr(0, end))) return std::nullopt;
    return from_authority(text.substr(0, end), text.substr(end + scheme_end.size()), empty_port::refused);
}

std::optional<origin> origin_of_url(std::string_view url) noexcept {
    const auto scheme = url.find(scheme_end);
    if (scheme == url.npos) return std::nullopt;
    return parse_origin(url.substr(0, url.find_first_of("/?#", scheme + scheme_end.size())));
}

std::optional<origin> origin_of_request(bool https, std::string_view host) noexcept {
    return from_authority(https ? "https" : "http", host, empty_port::taken);
}

std::string to_string(const origin& o) {
    std::string text(o.scheme);
    text += scheme_end;
    text += o.host;
    if (o.port != default_port(o.scheme)) text += ':' + std::to_string(o.port);
    std::transform(text.begin(), text.end(), text.begin(), ascii::to_lower);
    return text;
}

origin_set::origin_set(std::span<const std::string> origins) {
    for (const std::string& text : origins)
        if (const auto o = parse_origin(text))
            items_.push_back({std::string(o->scheme), std::string(o->host), o->port});
}

bool origin_set::contains(const origin& o) const noexcept {
    return std::any_of(items_.begin(), items_.end(), [&](const item& i) {
        return o == origin{i.scheme, i.host, i.port};
    });
}

}  // namespace vestibule::http

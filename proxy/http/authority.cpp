#include "http/authority.hpp"

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr ascii::char_set name_chars{"-._~!$&'()*+,;="};  // reg-name without escapes

// Escapes are refused: no browser sends them, and a rule on the host could be walked around by one.
bool valid_name(std::string_view name) noexcept {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return name_chars.contains(c); });
}

// Between the brackets. What it means is the backend's business; here only that it can be nothing else.
bool looks_like_ipv6(std::string_view text) noexcept {
    return text.size() >= 2 && text.size() <= 45 && std::count(text.begin(), text.end(), ':') >= 2 &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return ascii::hex_value(c) >= 0 || c == ':' || c == '.'; });
}

bool valid_port(std::string_view port) noexcept {
    return port.size() <= 5 && std::all_of(port.begin(), port.end(), ascii::is_digit);
}

}  // namespace

bool valid_authority(std::string_view text) noexcept {
    std::size_t host_end;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos || !looks_like_ipv6(text.substr(1, close - 1))) return false;
        host_end = close + 1;
    } else {
        host_end = std::min(text.find(':'), text.size());
        if (!valid_name(text.substr(0, host_end))) return false;
    }
    if (host_end == text.size()) return true;
    return text[host_end] == ':' && valid_port(text.substr(host_end + 1));
}

}  // namespace vestibule::http

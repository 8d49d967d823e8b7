#include "http/authority.hpp"

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

// Labels of a name, with the '_' that containers have. Escapes and the sub-delims that a reg-name may have
// are refused: no name that resolves has them, a comma may be a list of hosts that somebody has joined, and
// a rule on the host could be walked around by them.
bool valid_name(std::string_view name) noexcept {
    return !name.empty() && name.front() != '.' && ascii::unreserved.contains_all(name) &&
           name.find("..") == std::string_view::npos;
}

// Between the brackets. What it means is the backend's business; here only that it can be nothing else.
bool looks_like_ipv6(std::string_view text) noexcept {
    return text.size() >= 2 && text.size() <= 45 && std::count(text.begin(), text.end(), ':') >= 2 &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return ascii::hex_value(c) >= 0 || c == ':' || c == '.'; });
}

bool valid_port(std::string_view port) noexcept {
    unsigned number = 0;
    for (const char c : port) {
        if (!ascii::is_digit(c)) return false;
        number = number * 10 + static_cast<unsigned>(c - '0');
    }
    return port.size() <= 5 && number <= 65535;
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

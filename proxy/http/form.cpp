#include <vestibule/http/form.hpp>

#include <vestibule/base/utf8.hpp>
#include <vestibule/http/framing.hpp>

#include <charconv>

namespace vestibule::http {
namespace {

// '+' is a space; an escape that is none stands for itself.
std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char byte = static_cast<unsigned char>(text[i] == '+' ? ' ' : text[i]);
        if (text[i] == '%' && text.size() - i > 2) {
            const char* const digits = text.data() + i + 1;
            unsigned char escaped = 0;
            const auto [stop, failed] = std::from_chars(digits, digits + 2, escaped, 16);
            if (failed == std::errc() && stop == digits + 2) {
                byte = escaped;
                i += 2;
            }
        }
        out += static_cast<char>(byte);
    }
    return out;
}

}  // namespace

std::optional<std::string> form_value(std::string_view body, std::string_view name) {
    while (!body.empty()) {
        const std::string_view pair = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(pair.size() + 1, body.size()));
        const auto equals = pair.find('=');
        if (pair.empty() || decoded(pair.substr(0, equals)) != name) continue;
        std::string value = equals == pair.npos ? std::string() : decoded(pair.substr(equals + 1));
        if (!valid_utf8(value)) return {};
        return value;
    }
    return {};
}

bool is_media_type(std::string_view content_type, std::string_view type) noexcept {
    std::string_view named = content_type.substr(0, content_type.find(';'));
    while (named.ends_with(' ') || named.ends_with('\t')) named.remove_suffix(1);
    return iequals(named, type);
}

}  // namespace vestibule::http

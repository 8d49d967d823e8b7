#include <vestibule/http/form.hpp>

#include <vestibule/base/utf8.hpp>
#include <vestibule/http/framing.hpp>

#include <algorithm>
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

// As the most forgiving reader sees a name: PHP drops blanks before it, ends it at NUL or '[', and takes '.'
// and blanks for '_'; others do not care for case.
std::string loosely(std::string_view name) {
    name.remove_prefix(std::min(name.find_first_not_of(" \t\r\n\v\f"), name.size()));
    name = name.substr(0, name.find('\0'));
    name = name.substr(0, name.find('['));
    std::string out;
    for (const char c : name)
        out += c == '.' || c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// Takes the first piece off.
std::string_view next_piece(std::string_view& form, std::string_view separators) {
    const std::string_view piece = form.substr(0, form.find_first_of(separators));
    form.remove_prefix(std::min(piece.size() + 1, form.size()));
    return piece;
}

std::string name_of(std::string_view pair) {
    return decoded(pair.substr(0, pair.find('=')));
}

std::size_t count_mentions(std::string_view form, std::string_view name) {
    const std::string wanted = loosely(name);
    std::size_t n = 0;
    while (!form.empty()) n += loosely(name_of(next_piece(form, "&;"))) == wanted;
    return n;
}

}  // namespace

bool form_mentions(std::string_view form, std::string_view name) {
    return count_mentions(form, name) > 0;
}

std::optional<std::string> form_value(std::string_view body, std::string_view name) {
    if (count_mentions(body, name) != 1) return {};
    while (!body.empty()) {
        const std::string_view pair = next_piece(body, "&");
        if (name_of(pair) != name) continue;
        if (pair.find(';') != pair.npos) return {};  // its end is not the same for all
        const auto equals = pair.find('=');
        std::string value = equals == pair.npos ? std::string() : decoded(pair.substr(equals + 1));
        if (!valid_utf8(value) || value.find('\0') != value.npos) return {};
        return value;
    }
    return {};
}

bool is_media_type(std::string_view content_type, std::string_view type) noexcept {
    if (content_type.find(',') != content_type.npos) return false;
    std::string_view named = content_type.substr(0, content_type.find(';'));
    while (named.ends_with(' ') || named.ends_with('\t')) named.remove_suffix(1);
    return iequals(named, type);
}

}  // namespace vestibule::http

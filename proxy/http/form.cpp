#include <vestibule/http/form.hpp>

#include <vestibule/http/framing.hpp>

#include "http/ascii.hpp"

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

// What nobody tells apart: case, and to PHP '.', ' ' and a '[' that nothing closes are '_'.
std::string as_php_folds(std::string_view name) {
    std::string out;
    for (const char c : name) out += c == '.' || c == ' ' || c == '[' ? '_' : ascii::to_lower(c);
    return out;
}

std::string_view up_to(std::string_view name, char end) {
    return name.substr(0, name.find(end));
}

// The names that forgiving readers take one for. To all of them it begins behind blanks and ends at NUL.
class readings {
  public:
    explicit readings(std::string_view name) {
        name.remove_prefix(std::min(name.find_first_not_of(" \t\r\n\v\f"), name.size()));
        name = up_to(name, '\0');
        whole_ = as_php_folds(name);
        base_ = as_php_folds(up_to(name, '['));                                        // a[b] is in a list a
        if (name.starts_with('[')) inner_ = as_php_folds(up_to(name.substr(1), ']'));  // qs: [a] is a
    }

    bool may_mean(const readings& wanted) const {
        return whole_ == wanted.whole_ || base_ == wanted.base_ ||
               (!inner_.empty() && inner_ == wanted.whole_);
    }

  private:
    std::string whole_, base_, inner_;
};

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
    const readings wanted(name);
    std::size_t n = 0;
    while (!form.empty()) n += readings(name_of(next_piece(form, "&;"))).may_mean(wanted);
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
        if (value.find('\0') != value.npos) return {};
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

bool has_usual_charset(std::string_view content_type) noexcept {
    constexpr std::string_view name = "charset";
    std::optional<std::string_view> charset;
    ascii::take_part(content_type, ';');
    while (!content_type.empty()) {
        const std::string_view part = ascii::take_part(content_type, ';');
        const bool named = std::search(part.begin(), part.end(), name.begin(), name.end(),
                                       [](char a, char b) { return ascii::to_lower(a) == b; }) != part.end();
        if (!named) continue;
        const auto equals = part.find('=');
        if (charset || equals == part.npos || !iequals(ascii::trim(part.substr(0, equals)), name))
            return false;
        charset = ascii::trim(part.substr(equals + 1));
        if (charset->size() > 1 && charset->starts_with('"') && charset->ends_with('"'))
            charset = charset->substr(1, charset->size() - 2);
    }
    return !charset || iequals(*charset, "utf-8") || iequals(*charset, "us-ascii");
}

}  // namespace vestibule::http

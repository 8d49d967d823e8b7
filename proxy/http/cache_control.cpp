#include <vestibule/http/cache_control.hpp>
#include <vestibule/http/framing.hpp>

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr std::string_view targeted_suffix = "-cache-control";  // RFC 9213

struct directive {
    std::string_view whole, name;
    bool has_value = false;
    bool valid = false;
};

// Where the item that begins at `text` ends: at the first comma outside quotes. npos behind an open quote.
std::size_t item_end(std::string_view text) noexcept {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == '\\' && quoted) {
            ++i;
        } else if (text[i] == ',' && !quoted) {
            return i;
        }
    }
    return quoted ? std::string_view::npos : text.size();
}

bool is_quoted_string(std::string_view text) noexcept {
    if (text.size() < 2 || text.front() != '"') return false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1 == text.size();
        }
    }
    return false;
}

directive parse_directive(std::string_view item) noexcept {
    const auto equals = item.find('=');
    directive d{.whole = item, .name = item.substr(0, equals)};
    d.has_value = equals != std::string_view::npos;
    d.valid = ascii::is_token(d.name);
    if (d.has_value) {
        const auto value = item.substr(equals + 1);
        d.valid = d.valid && (ascii::is_token(value) || is_quoted_string(value));
    }
    return d;
}

// Takes one directive off `rest`. What is no directive is not passed on: an open quote could swallow what
// stands behind it, and caches are known to guess.
directive take_directive(std::string_view& rest) noexcept {
    const auto end = item_end(rest);
    if (end == std::string_view::npos) {
        rest = {};
        return {};
    }
    const auto item = ascii::trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return parse_directive(item);
}

bool speaks_to_shared_caches(std::string_view name) noexcept {
    return iequals(name, "public") || iequals(name, "s-maxage") || iequals(name, "proxy-revalidate");
}

}  // namespace

bool is_shared_cache_field(const field& f) noexcept {
    if (f.id == field_id::cache_control || f.id == field_id::surrogate_control) return true;
    return f.id == field_id::unknown && f.name.size() > targeted_suffix.size() &&
           iequals(f.name.substr(f.name.size() - targeted_suffix.size()), targeted_suffix);
}

void append_private_cache_control(std::string& out, const field_list& fields) {
    out += "Cache-Control: ";
    bool closed_to_shared = false, any = false;
    const auto append = [&](std::string_view text) {
        if (any) out += ", ";
        out += text;
        any = true;
    };
    for (const field& f : fields) {
        if (f.id != field_id::cache_control) continue;
        for (auto rest = f.value; !rest.empty();) {
            const auto d = take_directive(rest);
            if (!d.valid || speaks_to_shared_caches(d.name)) continue;
            append(d.whole);
            closed_to_shared = closed_to_shared || iequals(d.name, "no-store") ||
                               (iequals(d.name, "private") && !d.has_value);
        }
    }
    if (!closed_to_shared) append("private");
    out += "\r\n";
}

}  // namespace vestibule::http

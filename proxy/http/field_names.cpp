#include <vestibule/http/field_names.hpp>

#include "http/ascii.hpp"

#include <algorithm>
#include <array>

namespace vestibule::http {
namespace {

constexpr auto folded = [] {
    std::array<char, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        const auto ch = static_cast<char>(c);
        table[c] = ascii::is_alnum(ch) ? ascii::to_lower(ch) : '-';
    }
    return table;
}();

char fold(char c) noexcept {
    return folded[static_cast<unsigned char>(c)];
}

std::uint64_t length_bit(std::string_view name) noexcept {
    return std::uint64_t{1} << std::min<std::size_t>(name.size(), 63);
}

std::uint64_t last_char_bit(std::string_view name) noexcept {
    return std::uint64_t{1} << (static_cast<unsigned char>(fold(name.back())) % 64);
}

}  // namespace

bool equivalent_names(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return fold(x) == fold(y); });
}

name_set::name_set(std::span<const std::string> names) {
    for (std::string name : names) {
        if (name.empty()) continue;
        std::transform(name.begin(), name.end(), name.begin(), fold);
        lengths_ |= length_bit(name);
        last_chars_ |= last_char_bit(name);
        names_.push_back(std::move(name));
    }
}

bool name_set::contains(std::string_view name) const noexcept {
    if ((lengths_ & length_bit(name)) == 0 || name.empty()) return false;
    if ((last_chars_ & last_char_bit(name)) == 0) return false;
    return std::any_of(names_.begin(), names_.end(), [name](const std::string& known) {
        return std::equal(known.begin(), known.end(), name.begin(), name.end(),
                          [](char k, char n) { return k == fold(n); });
    });
}

}  // namespace vestibule::http

#include "session/json_text.hpp"

#include "session/json_scan.hpp"
#include "session/json_string.hpp"

#include <algorithm>
#include <charconv>

namespace vestibule::session::json {
namespace {

std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_space(text[at])) ++at;
    return at;
}

// What may stand behind a number or a word.
constexpr bool ends_scalar(char c) noexcept {
    return c == ',' || c == ']' || c == '}' || is_space(c);
}

// Behind the string whose opening quote is at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) noexcept {
    ++at;
    while ((at += plain_run(text, at)) < text.size() && text[at] != '"') {
        at = std::min(at + (text[at] == '\\' ? 2 : 1), text.size());
    }
    return std::min(at + 1, text.size());
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
    text.remove_prefix(skip_space(text, 0));
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::size_t end_of_value(std::string_view text, std::size_t at) noexcept {
    if (text[at] == '"') return end_of_string(text, at);
    if (text[at] != '{' && text[at] != '[') {
        while (at < text.size() && !ends_scalar(text[at])) ++at;
        return at;
    }
    std::size_t depth = 0;
    while (at < text.size()) {
        switch (text[at]) {
            case '"': at = end_of_string(text, at); continue;
            case '{':
            case '[': ++depth; break;
            case '}':
            case ']':
                if (--depth == 0) return at + 1;
                break;
            default: break;
        }
        ++at;
    }
    return at;
}

std::optional<item> items::next() noexcept {
    std::size_t separator = at_;
    if (!first_) {
        separator = skip_space(text_, at_);
        if (text_[separator] != ',') return {};
    }
    item it{{}, separator, skip_space(text_, separator + 1), 0, 0};
    if (first_ && (text_[it.begin] == '}' || text_[it.begin] == ']')) return {};
    first_ = false;

    it.value = it.begin;
    if (object_) {
        const std::size_t key_end = end_of_string(text_, it.begin);
        it.key = text_.substr(it.begin + 1, key_end - it.begin - 2);
        const std::size_t colon = skip_space(text_, key_end);
        it.value = skip_space(text_, colon + 1);
    }
    it.end = at_ = end_of_value(text_, it.value);
    return it;
}

std::optional<item> find_member(std::string_view text, std::size_t open, std::string_view name) noexcept {
    std::optional<item> found;
    find_members(text, open, {&name, 1}, {&found, 1});
    return found;
}

void find_members(std::string_view text, std::size_t open, std::span<const std::string_view> names,
                  std::span<std::optional<item>> found) noexcept {
    items members(text, open);
    while (const auto m = members.next()) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (means(m->key, names[i])) found[i] = m;
        }
    }
}

std::optional<item> find_element(std::string_view text, std::size_t open, std::string_view token) noexcept {
    const auto index = array_index(token);
    if (!index) return {};
    items elements(text, open);
    auto element = elements.next();
    for (std::size_t i = 0; element && i < *index; ++i) element = elements.next();
    return element;
}

std::optional<std::size_t> array_index(std::string_view token) noexcept {
    if (token.empty() || (token.front() == '0' && token.size() > 1)) return {};
    std::size_t index = 0;
    const char* const end = token.data() + token.size();
    const auto [stop, failed] = std::from_chars(token.data(), end, index);
    if (failed != std::errc() || stop != end) return {};
    return index;
}

}  // namespace vestibule::session::json

// JSON text (RFC 8259) read by position: one strict pass that validates, then cheap walks that rely on
// it. Nothing here allocates or recurses.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace vestibule::session::json {

/// Objects and arrays within each other.
inline constexpr std::size_t max_depth = 64;

/// Whether `text` is one JSON value with nothing but space around it, at most `max_depth` deep, in UTF-8.
/// Escaped lone surrogates are valid, as JSON.parse has it.
bool valid(std::string_view text) noexcept;

/// Whether `text` is valid, or the beginning of a text that is.
bool begins_valid(std::string_view text) noexcept;

// From here on, `text` is valid.

/// `text` without the space around it.
std::string_view trimmed(std::string_view text) noexcept;

/// Position behind the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) noexcept;

/// A member of an object or an element of an array.
struct item {
    std::string_view key;   // between its quotes, still escaped; empty in an array
    std::size_t separator;  // of the comma before it; of the opening bracket where it is the first
    std::size_t begin;      // of its key; of its value in an array
    std::size_t value;
    std::size_t end;  // behind its value

    std::string_view value_of(std::string_view text) const noexcept {
        return text.substr(value, end - value);
    }
};

/// Walks the object or array that opens at a position.
class items {
  public:
    items(std::string_view text, std::size_t open) noexcept
        : text_(text), at_(open), object_(text[open] == '{') {}

    /// The next item; nothing behind the last.
    std::optional<item> next() noexcept;

  private:
    std::string_view text_;
    std::size_t at_;  // of the opening bracket, then behind the last item given out
    bool object_;
    bool first_ = true;
};

/// The last member of that name of the object at `open`; `name` is plain text, the key may be escaped.
std::optional<item> find_member(std::string_view text, std::size_t open, std::string_view name) noexcept;

/// The same for several names in one walk: found[i] is that of names[i].
void find_members(std::string_view text, std::size_t open, std::span<const std::string_view> names,
                  std::span<std::optional<item>> found) noexcept;

/// The element of the array at `open` that a JSON Pointer token ("0", "17") names.
std::optional<item> find_element(std::string_view text, std::size_t open, std::string_view token) noexcept;

/// A JSON Pointer token as an array index; nothing for "-", "01" and other text.
std::optional<std::size_t> array_index(std::string_view token) noexcept;

}  // namespace vestibule::session::json

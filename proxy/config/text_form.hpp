// How values are written in a configuration (durations, sizes, numbers, names) and in messages. Pure.
#pragma once

#include <vestibule/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vestibule::config {

/// "250ms" "10s" "5m" "24h" "7d", and "0"; up to 100 years.
std::optional<milliseconds> parse_duration(std::string_view text) noexcept;

/// "65536" "64KiB" "1MiB" "1GiB", in bytes; up to 1 PiB.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

/// Decimal digits alone, up to 15 of them.
std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

/// true/yes/on and false/no/off, as YAML 1.1 has them in any of its three spellings of case.
std::optional<bool> parse_boolean(std::string_view text) noexcept;

/// In the largest unit that divides it: 90000 ms is "90s".
std::string format_duration(milliseconds d);
std::string format_size(std::uint64_t bytes);

/// RFC 9110 token: header names, methods, cookie names.
bool is_token(std::string_view text) noexcept;

/// Letters, digits, '-' and '_' in labels of up to 63, up to 253 in all; no trailing dot.
bool is_host_name(std::string_view text) noexcept;

/// Whether there is a control character (C0, DEL).
bool has_control(std::string_view text) noexcept;

/// Text fit for a one-line message: controls as \xNN, cut at 60 bytes.
std::string printable(std::string_view text);

/// "session" and "cookie" make "session.cookie"; the key is made printable.
std::string join_path(const std::string& path, std::string_view key);

/// "[3]"
std::string item_suffix(std::size_t index);

}  // namespace vestibule::config

// One log line before it is text: what a thread leaves for the writer. Private to the base room.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/logger.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace vestibule::log {

/// What a line says; all texts and fields are somebody else's.
struct line {
    unix_time time;
    std::string_view kind;  // "access", or a level's name
    std::string_view message;
    std::span<const field> fields;
};

/// Bytes that encode() writes for it.
std::size_t encoded_size(const line& l) noexcept;

/// Writes the line with all its texts to `out`, which has encoded_size(l) bytes.
void encode(const line& l, std::byte* out) noexcept;

/// The line again, out of what encode() wrote; it refers to `bytes`, and to `fields`, which it fills.
line decode(std::span<const std::byte> bytes, std::vector<field>& fields);

/// When it was said; cheaper than all of it.
unix_time time_of(std::span<const std::byte> bytes) noexcept;

}  // namespace vestibule::log

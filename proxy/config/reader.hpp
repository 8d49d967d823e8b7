// Reading values into params: each read_* puts a good value into its target and leaves the default where
// the key is absent.
//
//     const map_reader m(at);                               // kind, unknown keys
//     read_text(m["prefix"], params.prefix);
//     read_duration(m["timeout"], params.timeout, {.min = 1ms, .max = 60s});
//
// Every read_* returns whether the target may be used: false only where a problem was recorded.
#pragma once

#include "config/cursor.hpp"

#include <vestibule/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::config {

bool read_text(const cursor& at, std::string& out);
bool read_boolean(const cursor& at, bool& out);
/// Of a file, relative to the configuration's; "": empty.
bool read_file_path(const cursor& at, std::string& out);
bool read_count(const cursor& at, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
/// 0 or `off`: zero.
bool read_count_or_zero(const cursor& at, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
bool read_size(const cursor& at, std::uint64_t& out, std::uint64_t min, std::uint64_t max);

struct duration_range {
    milliseconds min, max;
};
/// A duration that is never off.
bool read_duration(const cursor& at, milliseconds& out, duration_range range);
/// 0 or `off`: zero.
bool read_duration_or_zero(const cursor& at, milliseconds& out, duration_range range);
/// 0 or `off`: nothing.
bool read_duration_or_none(const cursor& at, std::optional<milliseconds>& out, duration_range range);
bool read_size_or_none(const cursor& at, std::optional<std::uint64_t>& out, std::uint64_t min,
                       std::uint64_t max);

/// Index of the scalar among `words`, where true and false also stand for the words on and off.
std::optional<std::size_t> choose(const cursor& at, const std::vector<std::string_view>& words);

template <class E>
struct choice {
    std::string_view word;
    E value;
};

template <class E, std::size_t N>
bool read_choice(const cursor& at, E& out, const choice<E> (&choices)[N]) {
    if (at.absent()) return true;
    std::vector<std::string_view> words;
    for (const auto& c : choices) words.push_back(c.word);
    const auto index = choose(at, words);
    if (index) out = choices[*index].value;
    return index.has_value();
}

}  // namespace vestibule::config

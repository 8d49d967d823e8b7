// What the fuzz targets ask of what was read.
#pragma once

#include <cstdlib>
#include <string_view>

inline void expect(bool good) {
    if (!good) std::abort();
}

/// Whether `part` views a piece of `whole`.
inline bool within(std::string_view part, std::string_view whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// Whether it does, and has no line ends and no NUL.
inline bool inside(std::string_view part, std::string_view whole) {
    return within(part, whole) && part.find_first_of(std::string_view("\r\n\0", 3)) == part.npos;
}

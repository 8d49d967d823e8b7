// A body as it passed, for those who read it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vestibule::server {

struct body_copy {
    static constexpr std::size_t limit = 64 * 1024;
    std::string text;
    bool whole = true;  // it is not longer than the limit; else there is no text

    void add(std::string_view piece) {
        whole = whole && text.size() + piece.size() <= limit;
        if (whole)
            text += piece;
        else
            text.clear();
    }
};

}  // namespace vestibule::server

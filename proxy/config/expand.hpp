// ${NAME}, ${NAME:-default} and $$ in a scalar. Pure.
#pragma once

#include <vestibule/config/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vestibule::config {

/// A scalar with its variables replaced.
struct expansion {
    std::string text;
    std::vector<std::string> errors;  // each a message; they name variables, never values
};

/// The default of `:-` counts where the variable is unset or empty, as in a shell. A '$' before any other
/// character is itself. At most 64 KiB come out.
expansion expand(std::string_view raw, const environment& env);

}  // namespace vestibule::config

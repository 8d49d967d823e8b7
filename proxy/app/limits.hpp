// Limits of the process.
#pragma once

#include <cstddef>

namespace vestibule::app {

/// Raises the number of open files as far as we may; returns it.
std::size_t raise_descriptor_limit();

}  // namespace vestibule::app

// What routes and capture rules ask of a request.
#pragma once

#include "config/reader.hpp"

#include <string>
#include <vector>

namespace vestibule::config {

/// An exact path, or a prefix that ends in /*, in normal form.
void read_path_pattern(const cursor& at, std::string& out);

/// One method or a list of them.
void read_methods(const cursor& at, std::vector<std::string>& out);

}  // namespace vestibule::config

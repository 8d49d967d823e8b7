// What routes and capture rules ask of a request.
#pragma once

#include "config/reader.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vestibule::config {

/// An exact path, or a prefix that ends in /*, in normal form.
void read_path_pattern(const cursor& at, std::string& out);

/// Statuses of answers: one or a range (302, 200-399), or a list of them. Absent: 200-399.
void read_statuses(const cursor& at, std::vector<std::pair<unsigned, unsigned>>& out);

/// One method or a list of them.
void read_methods(const cursor& at, std::vector<std::string>& out);

}  // namespace vestibule::config

// Lists of origins, as csrf and cors have them.
#pragma once

#include "config/reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vestibule::config {

/// Whether `text`, which stands at `at`, is one origin: scheme://host[:port] and nothing else. Where it is
/// not, the problem is recorded.
bool check_origin(const cursor& at, std::string_view text);

/// A list of them; those that are none are left out.
void read_origins(const cursor& at, std::vector<std::string>& out);

}  // namespace vestibule::config

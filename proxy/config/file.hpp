// Bounded reading of whole files.
#pragma once

#include <cstddef>
#include <string>

namespace vestibule::config {

struct file_text {
    std::string text;
    std::string error;  // "cannot be read: ...", "is larger than ..."; empty where all is well
};

file_text read_file(const std::string& path, std::size_t most_bytes);

}  // namespace vestibule::config

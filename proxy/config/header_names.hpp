// Names of the headers that vestibule sets for the backend, of all sections together.
#pragma once

#include "config/cursor.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vestibule::config {

/// Judges header names against the rules and against those before them.
class name_judge {
  public:
    /// False, with a problem, for what is no name, for names that frame or route a message, and for those
    /// that are the same header to a backend as one before.
    bool accept(const cursor& at, const std::string& name);

  private:
    std::vector<std::pair<std::string, std::string>> accepted_;  // name, path
};

}  // namespace vestibule::config

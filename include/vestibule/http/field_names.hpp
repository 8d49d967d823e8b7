// Header names as a CGI, WSGI or PHP backend sees them: letters and digits count, case does not, every
// other character is the same character. X_Session.User is X-Session-User.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::http {

/// Whether both names are the same to such a backend.
bool equivalent_names(std::string_view a, std::string_view b) noexcept;

/// A fixed set of names, looked up by equivalence. A lookup of a name that is not in the set costs a
/// length test and one table look-up in nearly all cases. Immutable after construction, thread-safe.
class name_set {
  public:
    name_set() = default;
    explicit name_set(std::span<const std::string> names);

    bool contains(std::string_view name) const noexcept;
    bool empty() const noexcept { return names_.empty(); }

  private:
    std::vector<std::string> names_;  // folded: lower case, '-' for other characters
    std::uint64_t lengths_ = 0;       // bit n: a name of n characters (63: 63 or more) is in the set
    std::uint64_t last_chars_ = 0;    // bit of a folded last character, modulo 64
};

}  // namespace vestibule::http

// What is to change in a session: worked out from a backend's answer, applied to whatever value the store
// has at that moment. Pure.
#pragma once

#include <vestibule/session/document.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

/// One value set.
struct member_change {
    json_pointer at;
    std::string json;
};

enum class ending {
    none,
    one,  // this session
    all,  // every session of its user
};

struct session_changes {
    ending end = ending::none;  // where it is not none, the others mean nothing
    bool regenerate = false;
    std::vector<member_change> set;
    std::string merge_patch;           // RFC 7396, valid (see check_patch); empty: none
    std::optional<std::string> vault;  // JSON text of the list; nothing: as it is

    /// Whether a session has to be made for it where there is none.
    bool puts() const noexcept { return !set.empty() || !merge_patch.empty() || vault.has_value(); }
    bool any() const noexcept { return end != ending::none || regenerate || puts(); }
};

/// The document with all that set. The text itself where nothing differs. Errors: those of edit_set.
result<std::string> applied(std::string_view text, const session_changes& c);

/// Whether somebody else than vestibule may set a top-level member of that name: not `cookie` and
/// `vestibule`, and not what express-session loses on loading (its own methods, those of Object.prototype).
bool is_free_member(std::string_view name) noexcept;

/// Whether a text is a JSON object that changes free members only, and where `allow` is not empty none but
/// those. What is wrong, or nothing.
std::optional<std::string_view> check_patch(std::string_view patch, const std::vector<std::string>& allow);

}  // namespace vestibule::session

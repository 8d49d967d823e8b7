// What is to change in a session: worked out from a backend's answer, applied to whatever value the store
// has at that moment. Pure.
#pragma once

#include <vestibule/session/document.hpp>
#include <vestibule/session/vault.hpp>

#include <optional>
#include <span>
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
    std::string merge_patch;          // RFC 7396, valid (see check_patch); empty: none
    std::vector<vault_change> vault;  // in order
    unix_time at{};                   // when they were asked for; only the vault needs it

    /// Whether a session has to be made for it where there is none.
    bool puts() const noexcept { return !set.empty() || !merge_patch.empty() || !vault.empty(); }
    /// Whether it sets what is at `p`, to whatever.
    bool sets(const json_pointer& p) const;
    bool any() const noexcept { return end != ending::none || regenerate || puts(); }
};

/// The document with all that set. The text itself where nothing differs. What is null or scalar on the way
/// to a value that is set gives way to an object. What came of the vault's stands in `report` (cleared
/// first). Errors: those of edit_set.
result<std::string> applied(std::string_view text, const session_changes& c, vault_report* report = nullptr);

/// The document with what is remembered of its vault and has been lost; the text itself where nothing has.
/// Error: malformed_value.
result<std::string> restored(std::string_view text, std::span<const vault_cookie> remembered, unix_time now);

/// The document without a vault. Error: malformed_value.
result<std::string> without_vault(std::string_view text);

/// Whether somebody else than vestibule may set a top-level member of that name: not `cookie` and
/// `vestibule`, and not what express-session loses on loading (its own methods, those of Object.prototype).
bool is_free_member(std::string_view name) noexcept;

/// Whether a pointer leads into what vestibule keeps in a document for itself: nobody else's to see or set.
bool is_own_place(const json_pointer& p) noexcept;

/// Whether a text is a JSON object of up to 64 KiB that changes free members only, and where `allow` is not
/// empty none but those. What is wrong, or nothing.
std::optional<std::string_view> check_patch(std::string_view patch, const std::vector<std::string>& allow);

}  // namespace vestibule::session

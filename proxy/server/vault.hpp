// Which cookies of the backend live in the session, and what messages say of them. Pure.
#pragma once

#include <vestibule/http/head.hpp>
#include <vestibule/server/server_params.hpp>
#include <vestibule/session/vault.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vestibule::server {

/// The names of vault.cookies. The session cookie is never one of them.
class vault_names {
  public:
    vault_names(const vault_params& p, const cookie_params& own);

    bool on() const noexcept { return all_ || !names_.empty(); }

    /// Whether a cookie that the backend sets lives in the session. To the byte, as browsers have it.
    bool keeps(std::string_view name) const noexcept;

    /// Whether a Set-Cookie line is not for the client: that of a cookie that is kept, or where all are, of
    /// none that one could name.
    bool hides(std::string_view set_cookie_line) const noexcept;

    /// Appends what of a client's Cookie value is for the backend: nothing that some backend could read under
    /// one of the names (http::may_hold_cookie), the session cookie only where cookie.forward is set.
    void append_others(std::string& out, std::string_view cookies) const;

  private:
    bool passes(std::string_view part) const noexcept;

    std::vector<std::string> names_;
    bool all_;
    std::string own_;
    bool forward_own_;
};

/// What an answer does to the vault.
struct vaulted {
    std::vector<session::vault_change> changes;
    std::size_t unreadable = 0;  // lines that are hidden, but name no cookie
    bool any() const noexcept { return unreadable > 0 || !changes.empty(); }
};
vaulted vaulted_in(const http::field_list& answer, const vault_names& names, std::string_view request_path,
                   unix_time now);

}  // namespace vestibule::server

// What a worker has lately written into vaults, so that it is put back where another client of the store has
// written over it (session/vault.hpp). Pure, bounded.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/session/vault.hpp>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::server {

class vault_memory {
  public:
    static constexpr std::size_t most_sessions = 4096;  // over it, the one that would be forgotten first goes

    /// New states of a session's cookies, in the store from now on; `owner`: who was logged in there. What
    /// was remembered of another one is forgotten.
    void remember(std::string_view sid, std::string_view owner, std::vector<session::vault_cookie> written,
                  mono_time now);

    /// All of a session's that are remembered, if they are that owner's. Valid until the next call of another
    /// function.
    std::span<const session::vault_cookie> of(std::string_view sid, std::string_view owner) const noexcept;

    /// Whether some are another one's.
    bool is_of_other(std::string_view sid, std::string_view owner) const noexcept;

    void forget(std::string_view sid);

    /// Sessions to be looked at now: 0.1, 0.2, 0.4, 0.8 s after the last write or loss, and then a little
    /// less often each time, as long as it is remembered.
    std::vector<std::string> due(mono_time now);

    /// Something was lost, or it was changed while it was looked at: again at once, and more often.
    void look_again(std::string_view sid, mono_time now);

    bool empty() const noexcept { return sessions_.empty(); }

  private:
    struct entry {
        std::string owner;
        std::vector<session::vault_cookie> cookies;
        mono_time until, look;
        milliseconds pause;
    };
    std::map<std::string, entry, std::less<>> sessions_;
};

}  // namespace vestibule::server

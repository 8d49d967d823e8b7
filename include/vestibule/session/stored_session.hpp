// A session as it was in the store at one moment: immutable, shared without copying by whoever looks at
// it on one worker. Not to be handed from thread to thread: its count of users is a plain number.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/session/cookie_value.hpp>
#include <vestibule/session/document.hpp>
#include <vestibule/session/vault.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vestibule::session {

/// What the server has worked out from a session and need not work out again while the same one is used.
/// Valid for the configuration whose number is `site`; empty where that is 0.
struct session_notes {
    std::uint64_t site = 0;
    std::uint64_t judged = 0, met = 0;        // a bit for each of the first 64 routes: asked, and met
    mono_time touch_again{};                  // a touch is under way: no other one before this time
    mono_time note_again{};                   // the same of noting what is to be noted
    mono_time renew_at = mono_time::max();    // its sid is to be renewed then
    mono_time list_again = mono_time::max();  // it is to be entered into its user's list then
    bool to_replace = false, to_note = false;
    std::string user;          // who is logged in; empty: nobody
    bool is_verified = false;  // the signature of its cookie, and the secret that made it, are known
    signature_text signature{};
    std::size_t secret = 0;
    std::string handle;               // its public name
    std::string injected;             // finished header lines for the backend
    std::string subject;              // whom assertions name; empty: nobody
    std::vector<vault_cookie> vault;  // in the order in which they are sent
};

/// What the store says of a sid.
enum class standing {
    live,
    ended,     // ended by us lately: what others store under it since then is not believed
    replaced,  // ended a moment ago, because the visitor has got another sid, which is perhaps still on its
               // way
    moved,     // the session goes on under another sid, and who comes with this one is to follow
};

class stored_session final
    : public boost::intrusive_ref_counter<stored_session, boost::thread_unsafe_counter> {
  public:
    /// `ttl`: the life it had left at `at`; nothing: no expiry.
    stored_session(std::string value, std::optional<milliseconds> ttl, mono_time at);

    /// A sid without a live session. `moved_to`: the sid under which it goes on, where that is known.
    explicit stored_session(standing how, std::string moved_to = {});

    const standing state = standing::live;
    const std::string value;  // the JSON text; of what is not live, the sid under which it goes on, or empty
    const std::optional<milliseconds> ttl;
    const mono_time loaded{};

    /// The value as a session document; null where it is none.
    const document* parsed() const noexcept { return document_ ? &*document_ : nullptr; }

    /// What is left of `ttl` at `now`, 0 at least.
    std::optional<milliseconds> ttl_at(mono_time now) const noexcept;

    session_notes& notes() const noexcept { return notes_; }

  private:
    std::optional<document> document_;  // views value
    mutable session_notes notes_;
};

using session_ptr = boost::intrusive_ptr<const stored_session>;

/// The document of a live session; null for everything else that a store may answer.
inline const document* live_document(const session_ptr& s) noexcept {
    return s && s->state == standing::live ? s->parsed() : nullptr;
}

}  // namespace vestibule::session

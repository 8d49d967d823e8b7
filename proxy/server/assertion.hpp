// Assertions to the backend: JSON Web Tokens (RFC 7519) that say through whom a request came, and in whose
// name.
#pragma once

#include <vestibule/server/assertion_params.hpp>

#include <string>
#include <string_view>

namespace vestibule::server {

/// What a token says of a request. Empty: no such claim.
struct assertion_facts {
    std::string_view subject;  // text
    std::string_view handle;
    std::string_view method, path;
};

/// The claims as JSON: iss, aud, sub, handle, iat, exp, jti (`id`), method, path. Times are whole seconds:
/// a token lives up to one second less than its lifetime. Pure.
std::string assertion_claims(const assertion_params& p, const assertion_facts& f, unix_time now,
                             std::string_view id);

/// Makes the tokens of one configuration. Immutable, thread-safe.
class asserter {
  public:
    /// `p` has a key at least.
    explicit asserter(assertion_params p);

    /// Whom tokens of this session name: the text of the value at the pointer. Empty where it is null or
    /// not there, or longer than 1 KiB: a cut name would be another one.
    std::string subject_of(const session::document& d) const;

    /// Appends a fresh token as a finished header line.
    void append_line(std::string& out, const assertion_facts& f, unix_time now) const;

    /// Until when a token made at `now` may be sent again: what is left of it then is half of its lifetime.
    unix_time reuse_until(unix_time now) const noexcept;

  private:
    assertion_params params_;
    signing_key key_;
    std::string jose_header_;
};

}  // namespace vestibule::server

// Origins (RFC 6454): scheme, host and port of a page, as Origin, Referer and Host tell them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::http {

/// Views the text it was read from. Where no port is given it is that of http or https, 0 for other
/// schemes (of an app or a browser extension).
struct origin {
    std::string_view scheme;
    std::string_view host;  // IPv6 in its brackets
    std::uint16_t port = 0;

    /// Letter case does not count.
    friend bool operator==(const origin& a, const origin& b) noexcept;
};

/// scheme://host[:port] and nothing else. Nothing for "null".
std::optional<origin> parse_origin(std::string_view text) noexcept;

/// The one that a URL begins with. Nothing where it has none, or names a user.
std::optional<origin> origin_of_url(std::string_view url) noexcept;

/// The one a request was sent to; `host`: host[:port]. Nothing where it is empty or no host.
std::optional<origin> origin_of_request(bool https, std::string_view host) noexcept;

/// In its normal form: lower case, no port that the scheme has anyway.
std::string to_string(const origin& o);

/// A fixed set of origins. Immutable after construction, thread-safe. A look-up allocates nothing.
class origin_set {
  public:
    origin_set() = default;
    /// Texts that parse_origin() does not take are left out.
    explicit origin_set(std::span<const std::string> origins);

    bool contains(const origin& o) const noexcept;
    bool empty() const noexcept { return items_.empty(); }

  private:
    struct item {
        std::string scheme, host;
        std::uint16_t port;
    };
    std::vector<item> items_;
};

}  // namespace vestibule::http

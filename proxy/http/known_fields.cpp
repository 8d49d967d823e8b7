#include <vestibule/http/known_fields.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace vestibule::http {
namespace {

struct known_field {
    std::string_view name;  // lower case; letters, digits and '-' only, which same_name relies on
    field_id id;
};

constexpr std::size_t longest = 32;
constexpr std::size_t slot_count = (longest + 1) * 32;

// By length and last character, in either case.
constexpr std::size_t slot(std::string_view name) noexcept {
    return name.size() * 32 + static_cast<unsigned char>(name.back()) % 32;
}

constexpr auto by_slot = [] {
    using enum field_id;
    auto table = std::to_array<known_field>({
        {"accept", accept},
        {"accept-charset", accept_charset},
        {"accept-encoding", accept_encoding},
        {"accept-language", accept_language},
        {"accept-patch", accept_patch},
        {"accept-post", accept_post},
        {"accept-ranges", accept_ranges},
        {"access-control-allow-credentials", access_control_allow_credentials},
        {"access-control-allow-headers", access_control_allow_headers},
        {"access-control-allow-methods", access_control_allow_methods},
        {"access-control-allow-origin", access_control_allow_origin},
        {"access-control-expose-headers", access_control_expose_headers},
        {"access-control-max-age", access_control_max_age},
        {"access-control-request-headers", access_control_request_headers},
        {"access-control-request-method", access_control_request_method},
        {"age", age},
        {"allow", allow},
        {"alt-svc", alt_svc},
        {"authorization", authorization},
        {"cache-control", cache_control},
        {"connection", connection},
        {"content-disposition", content_disposition},
        {"content-encoding", content_encoding},
        {"content-language", content_language},
        {"content-length", content_length},
        {"content-location", content_location},
        {"content-md5", content_md5},
        {"content-range", content_range},
        {"content-type", content_type},
        {"cookie", cookie},
        {"cookie2", cookie2},
        {"date", date},
        {"dav", dav},
        {"depth", depth},
        {"destination", destination},
        {"digest", digest},
        {"etag", etag},
        {"expect", expect},
        {"expires", expires},
        {"forwarded", forwarded},
        {"from", from},
        {"host", host},
        {"http2-settings", http2_settings},
        {"if", if_},
        {"if-match", if_match},
        {"if-modified-since", if_modified_since},
        {"if-none-match", if_none_match},
        {"if-range", if_range},
        {"if-unmodified-since", if_unmodified_since},
        {"keep-alive", keep_alive},
        {"last-modified", last_modified},
        {"link", link},
        {"location", location},
        {"lock-token", lock_token},
        {"max-forwards", max_forwards},
        {"origin", origin},
        {"overwrite", overwrite},
        {"pragma", pragma},
        {"prefer", prefer},
        {"preference-applied", preference_applied},
        {"priority", priority},
        {"proxy-authenticate", proxy_authenticate},
        {"proxy-authentication-info", proxy_authentication_info},
        {"proxy-authorization", proxy_authorization},
        {"proxy-connection", proxy_connection},
        {"public-key-pins", public_key_pins},
        {"range", range},
        {"referer", referer},
        {"retry-after", retry_after},
        {"sec-fetch-dest", sec_fetch_dest},
        {"sec-fetch-mode", sec_fetch_mode},
        {"sec-fetch-site", sec_fetch_site},
        {"sec-fetch-user", sec_fetch_user},
        {"sec-websocket-accept", sec_websocket_accept},
        {"sec-websocket-extensions", sec_websocket_extensions},
        {"sec-websocket-key", sec_websocket_key},
        {"sec-websocket-protocol", sec_websocket_protocol},
        {"sec-websocket-version", sec_websocket_version},
        {"server", server},
        {"set-cookie", set_cookie},
        {"set-cookie2", set_cookie2},
        {"slug", slug},
        {"soapaction", soapaction},
        {"strict-transport-security", strict_transport_security},
        {"surrogate-capability", surrogate_capability},
        {"surrogate-control", surrogate_control},
        {"te", te},
        {"timeout", timeout},
        {"trailer", trailer},
        {"transfer-encoding", transfer_encoding},
        {"upgrade", upgrade},
        {"user-agent", user_agent},
        {"vary", vary},
        {"via", via},
        {"want-digest", want_digest},
        {"warning", warning},
        {"www-authenticate", www_authenticate},
        {"x-frame-options", x_frame_options},
    });
    std::sort(table.begin(), table.end(),
              [](const known_field& a, const known_field& b) { return slot(a.name) < slot(b.name); });
    return table;
}();

// first_of[s]: index of the first name in slot s or behind.
constexpr auto first_of = [] {
    std::array<std::uint8_t, slot_count + 1> first{};
    for (const known_field& k : by_slot) ++first[slot(k.name) + 1];
    for (std::size_t s = 0; s < slot_count; ++s) first[s + 1] = std::uint8_t(first[s + 1] + first[s]);
    return first;
}();

// A known name has no character that setting bit 5 changes or that another token character becomes by
// it, so eight characters are compared at once.
bool same_name(const char* name, const char* known, std::size_t n) noexcept {
    constexpr std::uint64_t lower = 0x2020202020202020;
    const auto differ = [&](std::size_t at) {
        std::uint64_t a, b;
        std::memcpy(&a, name + at, 8);
        std::memcpy(&b, known + at, 8);
        return (a | lower) != b;
    };
    if (n < 8) {
        for (std::size_t i = 0; i < n; ++i)
            if ((name[i] | 0x20) != known[i]) return false;
        return true;
    }
    for (std::size_t i = 0; i + 8 < n; i += 8)
        if (differ(i)) return false;
    return !differ(n - 8);
}

}  // namespace

field_id identify(std::string_view name) noexcept {
    const std::size_t n = name.size();
    if (n == 0 || n > longest) return field_id::unknown;
    const std::size_t at = slot(name);
    for (std::size_t i = first_of[at]; i < first_of[at + 1]; ++i)
        if (same_name(name.data(), by_slot[i].name.data(), n)) return by_slot[i].id;
    return field_id::unknown;
}

}  // namespace vestibule::http

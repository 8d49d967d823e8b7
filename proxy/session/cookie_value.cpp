#include <vestibule/session/cookie_value.hpp>

#include <vestibule/base/utf8.hpp>
#include "session/percent.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <tuple>

namespace vestibule::session {
namespace {

constexpr std::string_view marker = "s:";
constexpr std::size_t signature_size = std::tuple_size_v<signature_text>;
// The longest value that can be valid: every byte of it escaped.
constexpr std::size_t max_value_size = 3 * (marker.size() + max_sid_size + 1 + signature_size);

using value_buffer = std::array<char, max_value_size>;

// base64 of 32 bytes without padding, on the stack: this runs at every request.
signature_text signature_of(const hmac_key& key, std::string_view sid) noexcept {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const sha256_digest digest = key.sign(sid);
    signature_text out;
    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t n = 0;
    for (const unsigned char byte : digest) {
        bits = bits << 8 | byte;
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[n++] = alphabet[bits >> held & 63];
        }
    }
    out[n] = alphabet[bits << (6 - held) & 63];
    return out;
}

std::string_view text_of(const signature_text& s) noexcept {
    return {s.data(), s.size()};
}

// decodeURIComponent; `value` itself where that would throw. Uses `buffer` only if there is an escape.
std::string_view decoded(std::string_view value, value_buffer& buffer) noexcept {
    std::size_t escape = value.find('%');
    if (escape == value.npos) return value;
    char* out = buffer.data();
    std::size_t from = 0;
    for (; escape != value.npos; escape = value.find('%', from)) {
        out = std::copy(value.begin() + from, value.begin() + escape, out);
        if (value.size() - escape < 3) return value;
        const int high = hex_digit(value[escape + 1]);
        const int low = hex_digit(value[escape + 2]);
        if (high < 0 || low < 0) return value;
        *out++ = static_cast<char>(high << 4 | low);
        from = escape + 3;
    }
    out = std::copy(value.begin() + from, value.end(), out);
    const std::string_view text(buffer.data(), std::size_t(out - buffer.data()));
    return valid_utf8(text) ? text : value;
}

constexpr bool unreserved(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
}

}  // namespace

signer::signer(std::span<const std::string> secrets) {
    if (secrets.empty()) throw std::invalid_argument("signer: no secret");
    keys_.reserve(secrets.size());
    for (const std::string& s : secrets) keys_.emplace_back(s);
}

result<signed_value> read_signed_value(std::string_view cookie_value) noexcept {
    if (cookie_value.size() > max_value_size) return errc::malformed_cookie;
    value_buffer buffer;
    const std::string_view value = decoded(cookie_value, buffer);
    const std::size_t dot = value.rfind('.');
    if (!value.starts_with(marker) || dot == value.npos) return errc::malformed_cookie;
    const std::string_view sid = value.substr(marker.size(), dot - marker.size());
    const std::string_view signature = value.substr(dot + 1);
    if (!acceptable_sid(sid)) return errc::malformed_cookie;
    if (signature.size() != signature_size) return errc::bad_signature;
    signed_value v{sid_text(sid), {}};
    std::copy(signature.begin(), signature.end(), v.signature.begin());
    return v;
}

// All keys, from the last to the first, whichever fits: the time taken does not tell which one did.
std::size_t signer::signed_by(const signed_value& v) const noexcept {
    std::size_t found = keys_.size();
    for (std::size_t i = keys_.size(); i-- > 0;) {
        const signature_text expected = signature_of(keys_[i], v.sid);
        found = constant_time_equal(text_of(v.signature), text_of(expected)) ? i : found;
    }
    return found;
}

result<signer::verified> signer::verify(std::string_view cookie_value) const {
    const auto v = read_signed_value(cookie_value);
    if (!v) return v.error();
    const std::size_t secret = signed_by(*v);
    if (secret == keys_.size()) return errc::bad_signature;
    return verified{v->sid, secret};
}

std::string signer::sign(std::string_view sid) const {
    const signature_text signature = signature_of(keys_.front(), sid);
    std::string value;
    value.reserve(marker.size() + sid.size() + 1 + signature_size);
    value.append(marker).append(sid).append(".").append(text_of(signature));
    return encode_uri_component(value);
}

std::string encode_uri_component(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (const char c : text) {
        if (unreserved(c)) {
            out += c;
        } else {
            append_percent(out, c);
        }
    }
    return out;
}

}  // namespace vestibule::session

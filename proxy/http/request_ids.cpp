#include <vestibule/base/crypto.hpp>
#include <vestibule/http/forwarding.hpp>

#include "http/ascii.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace vestibule::http {
namespace {

// xoshiro256** (Blackman and Vigna): ids must be unique, not unguessable, and cost no system call.
class id_generator {
  public:
    id_generator() noexcept {
        std::array<unsigned char, sizeof state_> seed;
        do {
            random_bytes(seed);
            std::memcpy(state_.data(), seed.data(), seed.size());
        } while (state_ == decltype(state_){});
    }

    std::uint64_t operator()() noexcept {
        auto& s = state_;
        const std::uint64_t out = std::rotl(s[1] * 5, 7) * 9;
        const std::uint64_t t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = std::rotl(s[3], 45);
        return out;
    }

  private:
    std::array<std::uint64_t, 4> state_;
};

// Sixteen hex digits that are not all zero, as trace ids have to be.
void append_fresh_hex(std::string& out) {
    thread_local id_generator next;
    std::uint64_t value = next();
    while (value == 0) value = next();
    static constexpr auto pairs = [] {
        std::array<std::array<char, 2>, 256> p{};
        for (std::size_t i = 0; i < p.size(); ++i)
            p[i] = {"0123456789abcdef"[i >> 4], "0123456789abcdef"[i & 15]};
        return p;
    }();
    std::array<char, 16> text;
    for (std::size_t i = 0; i < text.size(); i += 2, value >>= 8)
        std::memcpy(text.data() + i, pairs[value & 255].data(), 2);
    out.append(text.data(), text.size());
}

bool is_lower_hex(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return ascii::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_trace_part(std::string_view text) noexcept {
    return is_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool valid_request_id(std::string_view id) noexcept {
    constexpr ascii::char_set allowed{"-_.=+/:@"};
    return !id.empty() && id.size() <= 128 && allowed.contains_all(id);
}

// version "-" trace-id "-" parent-id "-" flags; versions above 00 may have more behind another dash.
bool valid_traceparent(std::string_view value) noexcept {
    constexpr std::size_t known = 55;
    if (value.size() < known || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
    const auto version = value.substr(0, 2);
    if (!is_lower_hex(version) || version == "ff") return false;
    if (value.size() > known && (version == "00" || value[known] != '-')) return false;
    return is_trace_part(value.substr(3, 32)) && is_trace_part(value.substr(36, 16)) &&
           is_lower_hex(value.substr(53, 2));
}

void append_request_id(std::string& out) {
    append_fresh_hex(out);
    append_fresh_hex(out);
}

void append_traceparent(std::string& out) {
    out += "00-";
    append_request_id(out);
    out += '-';
    append_fresh_hex(out);
    out += "-01";
}

std::string make_request_id() {
    std::string id;
    append_request_id(id);
    return id;
}

std::string make_traceparent() {
    std::string value;
    value.reserve(55);
    append_traceparent(value);
    return value;
}

}  // namespace vestibule::http

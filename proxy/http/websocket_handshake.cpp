#include <vestibule/http/websocket_handshake.hpp>

#include <vestibule/base/base64.hpp>
#include <vestibule/base/crypto.hpp>

#include "http/ascii.hpp"

#include <algorithm>

namespace vestibule::http {
namespace {

constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
constexpr std::size_t key_size = 24;                                        // of 16 bytes, padding included

bool is_base64(char c) noexcept {
    return ascii::is_alnum(c) || c == '+' || c == '/';
}

// The spare bits of the last character may be anything: clients are told to choose random bytes, and some
// choose characters.
bool valid_key(std::string_view key) noexcept {
    return key.size() == key_size && key.ends_with("==") &&
           std::all_of(key.begin(), key.end() - 2, is_base64);
}

}  // namespace

websocket_verdict judge_websocket(const request_head& head) noexcept {
    if (head.method != "GET") return websocket_verdict::malformed;
    if (head.fields.count(field_id::sec_websocket_version) != 1) return websocket_verdict::malformed;
    if (head.fields.find(field_id::sec_websocket_version) != "13") return websocket_verdict::other_version;
    if (head.fields.count(field_id::sec_websocket_key) != 1 ||
        !valid_key(head.fields.find(field_id::sec_websocket_key)))
        return websocket_verdict::malformed;
    return websocket_verdict::passes;
}

std::string websocket_accept(std::string_view key) {
    std::string text(key);
    text += magic;
    return base64_padded(sha1(text));
}

}  // namespace vestibule::http

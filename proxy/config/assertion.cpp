#include "config/sections.hpp"
#include "config/text_form.hpp"

#include <vestibule/base/base64.hpp>
#include <vestibule/base/signing_key.hpp>

#include <algorithm>
#include <chrono>

namespace vestibule::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t key_size = 32;  // of Ed25519, and at least of HS256 (RFC 7518, section 3.2)

constexpr const char* ed25519_ways =
    "\"vestibule keygen\" makes 32 bytes, \"openssl genpkey -algorithm ed25519\" a PEM file";
constexpr const char* hs256_way = "\"vestibule keygen\" makes one";

bool is_pem(std::string_view text) noexcept {
    return text.find("-----BEGIN ") != text.npos;
}

/// 32 bytes in base64, with padding or without.
std::optional<std::string> read_base64_key(std::string text) {
    if (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    auto bytes = base64url_decode(text);
    if (!bytes || bytes->size() != key_size) return std::nullopt;
    return bytes;
}

/// The key behind a text. Nothing, with a problem that shows nothing of it, where it is none.
std::optional<std::string> key_of(const cursor& at, const std::string& text, signing_algorithm a) {
    if (a == signing_algorithm::hs256) {
        if (is_pem(text)) {
            at.error("is a PEM text, and HS256 takes a shared secret (" + std::string(hs256_way) +
                     ", or algorithm: EdDSA)");
        } else if (text.size() < key_size) {
            at.error("is shorter than 32 bytes, too short for HS256 (" + std::string(hs256_way) + ")");
        } else {
            return text;
        }
    } else if (is_pem(text)) {
        std::string why;
        if (auto key = read_ed25519_pem(text, why)) return key;
        at.error("is a PEM text that " + why +
                 " (PKCS#8 without a password: \"openssl genpkey -algorithm "
                 "ed25519\")");
    } else if (auto key = read_base64_key(text)) {
        return key;
    } else {
        at.error("is neither 32 bytes in base64 nor a private key in PEM (" + std::string(ed25519_ways) +
                 ")");
    }
    return std::nullopt;
}

void read_keys(const cursor& at, server::assertion_params& out) {
    if (out.enabled && (at.absent() || at.empty()))
        at.error("is required where assertions are enabled (like [\"${ASSERTION_KEY}\"]; " +
                 std::string(out.algorithm == signing_algorithm::eddsa ? ed25519_ways : hs256_way) + ")");
    for (const auto& item : items_of(at)) {
        std::string text;
        if (!read_secret(item, text)) continue;
        auto key = key_of(item, text, out.algorithm);
        if (!key) continue;
        if (std::find(out.keys.begin(), out.keys.end(), *key) != out.keys.end())
            item.warn("is the same key as an earlier one");
        out.keys.push_back(std::move(*key));
    }
}

void read_header(const cursor& at, server::assertion_params& out, name_judge& names) {
    std::string name = out.header;
    if (!read_text(at, name) || (at.absent() && !out.enabled)) return;
    if (names.accept(at, name)) out.header = std::move(name);
}

void read_lifetime(const cursor& at, milliseconds& out) {
    milliseconds lifetime = out;
    if (!read_duration(at, lifetime, {2s, 60s})) return;
    if (lifetime % 1s != 0s)
        return at.error(at.shown() + " is no number of whole seconds, in which a token counts (2s to 60s)");
    out = lifetime;
}

void read_subject(const cursor& at, session::json_pointer& out) {
    std::string text = out.text();
    if (!read_text(at, text)) return;
    auto pointer = session::json_pointer::parse(text);
    if (!pointer)
        at.error(at.shown() + " is no JSON Pointer (like /user/id; RFC 6901), nor \"\" for none");
    else if (session::is_own_place(*pointer))
        at.error(at.shown() + " is vestibule's own (a member of the application, like /user/id)");
    else
        out = std::move(*pointer);
}

}  // namespace

void read_assertion(const cursor& at, server::assertion_params& out, name_judge& names) {
    const map_reader m(at);
    read_boolean(m["enabled"], out.enabled);
    const bool known =
        read_choice(m["algorithm"], out.algorithm,
                    {{"EdDSA", signing_algorithm::eddsa}, {"HS256", signing_algorithm::hs256}});
    if (known) read_keys(m["keys"], out);
    read_header(m["header"], out, names);
    read_text(m["issuer"], out.issuer);
    read_text(m["audience"], out.audience);
    read_lifetime(m["lifetime"], out.lifetime);
    read_subject(m["subject"], out.subject);
    read_boolean(m["method_and_path"], out.method_and_path);
}

}  // namespace vestibule::config

// A stored session as connect-redis writes it, read without building a tree and edited without
// touching a byte that does not change: big integers, member order, escapes and unknown members
// survive.
#pragma once

#include <vestibule/base/clock.hpp>
#include <vestibule/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::session {

/// An RFC 6901 pointer, parsed once. "" is the whole document.
class json_pointer {
  public:
    /// Error: invalid_argument (does not begin with '/', bad '~' escape, no UTF-8).
    static result<json_pointer> parse(std::string_view text);
    /// One of the tokens as they are meant, without escapes.
    static json_pointer of(std::vector<std::string> tokens);
    const std::vector<std::string>& tokens() const noexcept { return tokens_; }
    const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
    std::vector<std::string> tokens_;
};

/// What the rules need from member `cookie`.
struct cookie_member {
    // ms, rounded down; only where it is a number from 1 on; 8.64e15 (the end of JavaScript's time) at most.
    std::optional<std::int64_t> original_max_age;
};

/// vestibule's own notes: what stands in member `vestibule`, which is there only where one of them is needed.
struct bookkeeping {
    std::optional<unix_time> since{};         // when absolute_timeout began to count; ms since 1970
    std::optional<unix_time> made{};          // when the session got its sid; ms since 1970
    std::optional<std::string_view> user{};   // who was logged in then: JSON text, "null" for nobody
    std::optional<std::string_view> vault{};  // cookies of the backend: JSON text of a list
};

/// A session document over text that it views; the text must outlive it.
class document {
  public:
    /// Accepts one JSON object with an object member `cookie`, up to 4 MiB and 64 levels deep (express'
    /// rule: anything else is no session; depth and size bound our work). Of a key twice, the last
    /// counts; keys are compared unescaped. Bytes that are no UTF-8 are refused, escaped lone surrogates
    /// are not. Error: malformed_value.
    static result<document> parse(std::string_view text);

    std::string_view text() const noexcept { return text_; }
    const cookie_member& cookie() const noexcept { return cookie_; }

    /// The JSON text of the value at the pointer (no surrounding space); nothing where there is none.
    /// Allocates nothing.
    std::optional<std::string_view> find(const json_pointer& p) const noexcept;

    /// Each nothing where it is absent or of another type.
    const bookkeeping& own() const noexcept { return own_; }

  private:
    std::string_view text_;
    cookie_member cookie_;
    bookkeeping own_;
};

/// The value at the pointer of any JSON text; nothing where there is none, or the text is no JSON.
std::optional<std::string_view> json_at(std::string_view text, const json_pointer& p) noexcept;

/// Whether a JSON object has one member of that name, in any letter case, and no more.
bool names_once(std::string_view object, std::string_view name);

/// A text as a JSON string, escaped as JSON.stringify does.
std::string json_string(std::string_view text);

/// What Date's toISOString makes of a time, as a JSON string.
std::string json_date(unix_time t);

/// The text of a document with the value at `p` set to `json` (a JSON text). Of a key twice, the last is
/// set. Missing objects on the way are made at the end of their parent; array indexes and "-" as RFC 6902
/// "add" has them (an index inserts before that element).
/// Errors: malformed_value (`text` is no document, `json` no JSON, or the outcome would be no document),
/// pointer_conflict (something on the way is neither object nor array, or has no such index).
result<std::string> edit_set(std::string_view text, const json_pointer& p, std::string_view json);

/// The same with the member or element at `p` removed, with one of its commas, and a key that is there
/// twice both times: none of its older values comes back. The text itself where there is none.
/// Error: malformed_value.
result<std::string> edit_remove(std::string_view text, const json_pointer& p);

/// The scalar or compound behind a JSON text as an injected header carries it: strings unescaped,
/// numbers and booleans as they stand, null as "null", objects and arrays as compact JSON; then bytes
/// outside visible ASCII and space, '%', and spaces at either end (a field value would lose them),
/// percent-encoded. A lone surrogate becomes U+FFFD. As long as the value is: bounding it is up to the
/// caller.
std::string header_text(std::string_view json);

/// The text behind a JSON text as it is: strings unescaped (a lone surrogate becomes U+FFFD), all else as
/// compact JSON.
std::string plain_text(std::string_view json);

/// Whether a JSON text equals a string written in a configuration: a JSON string by its unescaped text,
/// numbers, booleans and null by their text. An object or array equals none. Allocates nothing.
bool equals_text(std::string_view json, std::string_view expected) noexcept;

/// Whether a JSON value says anything: it is not null, false or "", and no object or array without content.
bool is_present(std::string_view json) noexcept;

/// Whether a text is JSON, or may become JSON with what follows.
bool begins_json(std::string_view text) noexcept;

/// Attributes of a session cookie that go into a document's `cookie` member.
struct cookie_attributes {
    std::optional<milliseconds> max_age{};
    bool http_only = true;
    bool secure = false;
    bool partitioned = false;
    std::string path = "/";
    std::string domain{};
    std::string same_site{};  // "lax", "strict", "none", or empty
};

/// The `cookie` member express-session would write at `now`: originalMaxAge, partitioned, expires, secure,
/// httpOnly, domain, path, sameSite, in that order. Without max_age the first and `expires` are null;
/// partitioned and secure are there only where true, domain and sameSite where set. `expires` ends with
/// the year 9999.
std::string cookie_member_json(const cookie_attributes& a, unix_time now);

}  // namespace vestibule::session

#include <vestibule/session/document.hpp>

#include "session/json_string.hpp"
#include "session/json_text.hpp"

#include <initializer_list>
#include <span>

namespace vestibule::session {
namespace {

using tokens = std::span<const std::string>;

std::string spliced(std::string_view text, std::size_t begin, std::size_t end,
                    std::initializer_list<std::string_view> parts) {
    std::string out;
    std::size_t size = text.size();
    for (const auto part : parts) size += part.size();
    out.reserve(size);
    out += text.substr(0, begin);
    for (const auto part : parts) out += part;
    out += text.substr(end);
    return out;
}

// `"a":{"b":json}` for the tokens a and b.
std::string nested_member(tokens path, std::string_view json) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (i > 0) out += '{';
        json::append_string(out, path[i]);
        out += ':';
    }
    out += json;
    out.append(path.size() - 1, '}');
    return out;
}

// With one more item directly behind the last one of the container at `open`.
std::string appended(std::string_view text, std::size_t open, std::string_view content) {
    std::size_t tail = open + 1;
    json::items all(text, open);
    while (const auto it = all.next()) tail = it->end;
    return spliced(text, tail, tail, {tail == open + 1 ? "" : ",", content});
}

result<std::string> inserted_element(std::string_view text, std::size_t open, const std::string& token,
                                     std::string_view json) {
    if (token == "-") return appended(text, open, json);
    const auto index = json::array_index(token);
    if (!index) return errc::pointer_conflict;
    std::size_t count = 0;
    json::items all(text, open);
    for (auto it = all.next(); it; it = all.next(), ++count) {
        if (count == *index) return spliced(text, it->begin, it->begin, {json, ","});
    }
    if (count == *index) return appended(text, open, json);
    return errc::pointer_conflict;
}

result<std::string> set_in(std::string_view text, tokens path, std::string_view json) {
    if (path.empty()) return std::string(json);
    std::size_t at = text.find_first_of("{[");
    for (;; path = path.subspan(1)) {
        const bool last = path.size() == 1;
        std::optional<json::item> next;
        if (text[at] == '{') {
            next = json::find_member(text, at, path[0]);
            if (!next) return appended(text, at, nested_member(path, json));
            if (last) return spliced(text, next->value, next->end, {json});
        } else if (text[at] == '[') {
            if (last) return inserted_element(text, at, path[0], json);
            next = json::find_element(text, at, path[0]);
        }
        if (!next) return errc::pointer_conflict;
        at = next->value;
    }
}

// Without the items of the container at `open` that `gone` picks, each with one comma: the one before it,
// or where nothing is left before it, the one behind it.
template <class Predicate>
std::string without(std::string_view text, std::size_t open, Predicate gone) {
    std::string out;
    std::size_t copied = 0;     // text before this is in `out`, or removed
    bool kept_before = false;   // an item before this one stays
    bool comma_behind = false;  // the last item went and was the first: its comma behind it goes, too
    json::items all(text, open);
    for (auto it = all.next(); it; it = all.next()) {
        if (comma_behind) copied = it->separator + 1;
        comma_behind = false;
        if (!gone(*it)) {
            kept_before = true;
            continue;
        }
        out += text.substr(copied, (kept_before ? it->separator : it->begin) - copied);
        copied = it->end;
        comma_behind = !kept_before;
    }
    out += text.substr(copied);
    return out;
}

std::string removed_in(std::string_view text, tokens path) {
    std::size_t at = text.find_first_of("{[");
    for (; path.size() > 1; path = path.subspan(1)) {
        std::optional<json::item> next;
        if (text[at] == '{') next = json::find_member(text, at, path[0]);
        if (text[at] == '[') next = json::find_element(text, at, path[0]);
        if (!next) return std::string(text);
        at = next->value;
    }
    if (text[at] == '{') {
        return without(text, at, [&](const json::item& m) { return json::means(m.key, path[0]); });
    }
    const auto element = text[at] == '[' ? json::find_element(text, at, path[0]) : std::nullopt;
    if (!element) return std::string(text);
    return without(text, at, [&](const json::item& e) { return e.begin == element->begin; });
}

// What an edit leaves must load again, here and at express.
result<std::string> checked(std::string text) {
    if (const auto d = document::parse(text); !d) return d.error();
    return text;
}

}  // namespace

result<std::string> edit_set(std::string_view text, const json_pointer& p, std::string_view json) {
    if (!document::parse(text) || !json::valid(json)) return errc::malformed_value;
    auto edited = set_in(text, p.tokens(), json::trimmed(json));
    if (!edited) return edited;
    return checked(*std::move(edited));
}

result<std::string> edit_remove(std::string_view text, const json_pointer& p) {
    if (!document::parse(text) || p.tokens().empty()) return errc::malformed_value;
    return checked(removed_in(text, p.tokens()));
}

}  // namespace vestibule::session

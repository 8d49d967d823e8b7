#include "session/json_scan.hpp"
#include "session/json_text.hpp"

#include <vestibule/base/utf8.hpp>

#include <algorithm>
#include <bitset>

namespace vestibule::session::json {
namespace {

constexpr bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool hex(char c) noexcept {
    return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A reading position; every function says whether what it names stood there, and steps behind it.
class reader {
  public:
    explicit reader(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}

    bool done() const noexcept { return at_ == end_; }
    // NUL, which is no token of JSON, at the end.
    char peek() const noexcept { return done() ? '\0' : *at_; }

    bool take(char c) noexcept {
        if (done() || *at_ != c) return false;
        ++at_;
        return true;
    }

    void space() noexcept {
        while (!done() && is_space(*at_)) ++at_;
    }

    bool word(std::string_view w) noexcept {
        const bool whole = rest().starts_with(w);
        if (whole) at_ += w.size();
        if (!whole && w.starts_with(rest())) at_ = end_;
        return whole;
    }

    bool digits() noexcept {
        if (!digit(peek())) return false;
        while (digit(peek())) ++at_;
        return true;
    }

    bool number() noexcept {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    bool string() noexcept {
        if (!take('"')) return false;
        for (;;) {
            at_ += plain_run(rest(), 0);
            if (take('"')) return true;
            if (static_cast<unsigned char>(peek()) >= 0x80) {
                const std::size_t n = utf8_sequence(rest());
                if (n == 0) return cut_sequence();
                at_ += n;
            } else if (!take('\\') || !escape()) {
                return false;
            }
        }
    }

  private:
    std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }

    // Of several bytes, the last of which are not there: the text ends. Never a whole one.
    bool cut_sequence() noexcept {
        const auto first = static_cast<unsigned char>(peek());
        const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        const auto is_tail = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
        const bool cut =
            first >= 0xc2 && first <= 0xf4 && rest().size() < length && std::all_of(at_ + 1, end_, is_tail);
        if (cut) at_ = end_;
        return false;
    }

    bool escape() noexcept {
        if (take('u')) {
            for (int i = 0; i < 4; ++i, ++at_) {
                if (!hex(peek())) return false;
            }
            return true;
        }
        if (done() || std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos) return false;
        ++at_;
        return true;
    }

    const char* at_;
    const char* end_;
};

bool scalar(reader& r) noexcept {
    switch (r.peek()) {
        case '"': return r.string();
        case 't': return r.word("true");
        case 'f': return r.word("false");
        case 'n': return r.word("null");
        default: return r.number();
    }
}

bool key(reader& r) noexcept {
    r.space();
    if (!r.string()) return false;
    r.space();
    return r.take(':');
}

// What stands next.
enum class expect { value, after_value, nothing_valid };

// The open containers, outermost first.
struct nesting {
    std::bitset<max_depth> is_object;
    std::size_t depth = 0;
};

expect begin_value(reader& r, nesting& n) noexcept {
    r.space();
    const char open = r.peek();
    if (open != '{' && open != '[') return scalar(r) ? expect::after_value : expect::nothing_valid;
    if (n.depth == max_depth) return expect::nothing_valid;
    r.take(open);
    r.space();
    if (r.take(open == '{' ? '}' : ']')) return expect::after_value;
    n.is_object[n.depth++] = open == '{';
    return open == '[' || key(r) ? expect::value : expect::nothing_valid;
}

// Inside a container: a comma leads to its next value, or it ends, and with it a value of its parent.
expect behind_value(reader& r, nesting& n) noexcept {
    const bool object = n.is_object[n.depth - 1];
    if (r.take(',')) return !object || key(r) ? expect::value : expect::nothing_valid;
    if (!r.take(object ? '}' : ']')) return expect::nothing_valid;
    --n.depth;
    return expect::after_value;
}

bool read_text(reader& r) noexcept {
    nesting n;
    expect next = expect::value;
    while (next != expect::nothing_valid) {
        if (next == expect::value) {
            next = begin_value(r, n);
            continue;
        }
        r.space();
        if (n.depth == 0) return r.done();
        next = behind_value(r, n);
    }
    return false;
}

}  // namespace

bool valid(std::string_view text) noexcept {
    reader r(text);
    return read_text(r);
}

bool begins_valid(std::string_view text) noexcept {
    reader r(text);
    read_text(r);
    return r.done();  // what is wrong stands at the position
}

}  // namespace vestibule::session::json

// Random documents against Boost.JSON: the same texts are valid, edits have the same meaning, and bytes
// outside the edited place stay.
#include <vestibule/session/document.hpp>

#include "session/json_text.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <algorithm>
#include <random>

namespace vestibule::session {
namespace {

namespace bj = boost::json;

class generator {
  public:
    explicit generator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
    template <std::size_t N>
    std::string one_of(const char* const (&list)[N]) {
        return list[below(N)];
    }

    std::string space() { return one_of({"", "", "", " ", "\n\t", " \r\n "}); }
    std::string key() {
        return one_of({"a", "b", "user", "\\u0061", "", "x/y", "m~n", "q\\\"", "\xC3\xAB", "0"});
    }

    std::string scalar() {
        return one_of({"0", "-1", "12345678901234567890123", "1.50", "-2e+7", "3E-2", "true", "false", "null",
                       "\"\"", "\"u1\"", "\"a\\\\\"", "\"\\\"}],{[\"", "\"\\u00e9\\/\"", "\"\xE2\x82\xAC\"",
                       "\"\\ud83d\\ude00\""});
    }

    std::string value(int depth) {
        switch (depth == 0 ? 0 : below(4)) {
            case 1: return list(depth);
            case 2: return object(depth, "");
            default: return scalar();
        }
    }

    std::string object(int depth, const std::string& first) {
        std::string out = "{" + space() + first;
        const std::size_t members = below(5);
        for (std::size_t i = 0; i < members; ++i) {
            if (i > 0 || !first.empty()) out += "," + space();
            out += '"' + key() + '"' + space() + ":" + space() + value(depth - 1) + space();
        }
        return out + "}";
    }

    std::string document_text() {
        return space() + object(4, "\"cookie\"" + space() + ":" + space() + "{}" + space()) + space();
    }

    std::string pointer_text() {
        std::string out;
        const std::size_t tokens = 1 + below(3);
        for (std::size_t i = 0; i < tokens; ++i) {
            out += "/" + one_of({"a", "b", "user", "x~1y", "m~0n", "q\"", "\xC3\xAB", "0", "1", "-", "new"});
        }
        return out;
    }

    std::string mutated(std::string text) {
        static constexpr std::string_view bytes = "{}[]:,\"\\ue-+.0159atx \n\x01\x80\xC3\xA9\xED\xF4";
        for (std::size_t n = 1 + below(2); n > 0 && !text.empty(); --n) {
            const std::size_t at = below(text.size());
            const std::size_t what = below(4);
            if (what == 0) text.erase(at, 1);
            if (what == 1) text.insert(at, 1, bytes[below(bytes.size())]);
            if (what == 2) text[at] = bytes[below(bytes.size())];
            if (what == 3) text.insert(at, text.substr(at, 1 + below(4)));
        }
        return text;
    }

  private:
    std::string list(int depth) {
        std::string out = "[" + space();
        const std::size_t elements = below(4);
        for (std::size_t i = 0; i < elements; ++i)
            out += (i > 0 ? "," : "") + space() + value(depth - 1) + space();
        return out + "]";
    }

    std::mt19937 random_;
};

bj::value parsed(std::string_view text, bj::error_code& ec) {
    bj::parse_options options;
    options.max_depth = json::max_depth;
    return bj::parse(bj::string_view(text.data(), text.size()), ec, {}, options);
}

bj::value parsed(std::string_view text) {
    bj::error_code ec;
    bj::value v = parsed(text, ec);
    EXPECT_FALSE(ec) << text;
    return v;
}

TEST(document_property, valid_is_what_another_strict_parser_takes) {
    generator g(1);
    int valid = 0;
    for (int i = 0; i < 60'000; ++i) {
        const std::string text = g.mutated(g.document_text());
        // Boost.JSON refuses lone surrogates and exponents that it cannot hold; JSON.parse takes them.
        bj::error_code ec;
        parsed(text, ec);
        if (text.find("\\ud") != text.npos || ec == bj::error::exponent_overflow) continue;
        const bool is_valid = json::valid(text);
        EXPECT_EQ(is_valid, !ec) << testing::PrintToString(text);
        valid += is_valid ? 1 : 0;
    }
    EXPECT_GT(valid, 3000) << "mutations are too coarse";
}

TEST(document_property, find_is_what_another_parser_finds) {
    generator g(2);
    int found = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = g.document_text();
        const std::string p = g.pointer_text();
        const bj::value tree = parsed(text);
        bj::error_code ec;
        const bj::value* const expected = tree.find_pointer(p, ec);
        const auto actual = document::parse(text)->find(json_pointer::parse(p).value());
        ASSERT_EQ(actual.has_value(), expected != nullptr) << text << " " << p;
        if (!actual) continue;
        EXPECT_EQ(parsed(*actual), *expected) << text << " " << p;
        ++found;
    }
    EXPECT_GT(found, 500);
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
    return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

TEST(document_property, edit_set_changes_one_place) {
    generator g(3);
    int edits = 0, replaced = 0;
    for (int i = 0; i < 40'000; ++i) {
        const std::string text = g.document_text();
        const json_pointer p = json_pointer::parse(g.pointer_text()).value();
        const std::string json = g.value(2);
        const auto edited = edit_set(text, p, json);
        if (!edited) {
            EXPECT_EQ(edited.error(), errc::pointer_conflict) << text << " " << p.text();
            continue;
        }
        ++edits;
        const auto before = document::parse(text)->find(p);
        const auto after = document::parse(*edited)->find(p);
        if (p.tokens().back() != "-" || after) {
            ASSERT_TRUE(after) << *edited << " " << p.text();
            ASSERT_EQ(*after, json);
        }
        // What is in front of the new bytes and behind them is the old text.
        const std::size_t front = common_prefix(text, *edited);
        const std::string_view behind = std::string_view(text).substr(front);
        if (before && edited->size() == text.size() - before->size() + json.size() && after) {
            const auto at = static_cast<std::size_t>(after->data() - edited->data());
            EXPECT_EQ(at, static_cast<std::size_t>(before->data() - text.data()));
            EXPECT_EQ(edited->substr(0, at), text.substr(0, at));
            EXPECT_EQ(edited->substr(at + json.size()), text.substr(at + before->size()));
            ++replaced;
        } else {
            EXPECT_TRUE(std::string_view(*edited).ends_with(behind)) << text << "\n" << *edited;
        }
    }
    EXPECT_GT(edits, 5000);
    EXPECT_GT(replaced, 500);
}

TEST(document_property, a_new_member_removed_restores_every_byte) {
    generator g(4);
    int restored = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = g.document_text();
        const std::string parent = g.below(2) == 0 ? "" : g.pointer_text();
        const json_pointer p = json_pointer::parse(parent + "/fresh").value();
        const auto here = document::parse(text)->find(json_pointer::parse(parent).value());
        if (!here || here->front() != '{') continue;
        const auto edited = edit_set(text, p, g.value(2));
        ASSERT_TRUE(edited) << text << " " << p.text();
        EXPECT_EQ(edit_remove(*edited, p).value(), text);
        ++restored;
    }
    EXPECT_GT(restored, 5000);
}

TEST(document_property, edit_remove_takes_away_one_thing) {
    generator g(5);
    int removed = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = g.document_text();
        const json_pointer p = json_pointer::parse(g.pointer_text()).value();
        const auto edited = edit_remove(text, p);
        ASSERT_TRUE(edited) << text << " " << p.text();
        if (!document::parse(text)->find(p)) {
            EXPECT_EQ(*edited, text);
            continue;
        }
        ++removed;
        bj::value expected = parsed(text);
        const std::size_t slash = p.text().rfind('/');
        bj::error_code ec;
        bj::value* const parent = expected.find_pointer(p.text().substr(0, slash), ec);
        ASSERT_TRUE(parent);
        if (parent->is_object()) {
            parent->as_object().erase(p.tokens().back());
        } else {
            bj::array& list = parent->as_array();
            list.erase(list.begin() + std::stoi(p.tokens().back()));
        }
        EXPECT_EQ(parsed(*edited), expected) << text << " " << p.text() << "\n" << *edited;
    }
    EXPECT_GT(removed, 500);
}

}  // namespace
}  // namespace vestibule::session

#include "store/resp.hpp"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <vector>

namespace vestibule::store {
namespace {

using status = reply_decoder::status;

// A reply as text, to compare with.
std::string show(const reply& r) {
    switch (r.type) {
        case reply::kind::nil: return "nil";
        case reply::kind::integer: return std::to_string(r.integer);
        case reply::kind::status: return "+" + r.text;
        case reply::kind::error: return "-" + r.text;
        case reply::kind::bulk: return "'" + r.text + "'";
        case reply::kind::push:
        case reply::kind::array: break;
    }
    std::string out = "[";
    for (const auto& item : r.items) out += (out.size() > 1 ? " " : "") + show(item);
    return out + "]";
}

std::string decode(std::string_view bytes, std::size_t piece) {
    reply_decoder d;
    reply r;
    std::string out;
    while (!bytes.empty()) {
        const auto now = bytes.substr(0, piece);
        bytes.remove_prefix(now.size());
        d.feed(now);
        for (;;) {
            const status s = d.next(r);
            if (s == status::broken) return out + "broken";
            if (s == status::need_more) break;
            out += show(r) + ";";
        }
    }
    return out;
}

TEST(resp, encodes_as_hiredis_does) {
    const std::vector<std::vector<std::string_view>> commands = {
        {"PING"},
        {"GET", "sess:a b"},
        {"SET", "k", "", "NX", "EX", "60"},
        {"SET", std::string_view("\0\r\n$\xff", 5), "*"},
    };
    std::string ours, theirs;
    for (const auto& c : commands) {
        std::vector<const char*> words;
        std::vector<std::size_t> sizes;
        for (const auto w : c) {
            words.push_back(w.data());
            sizes.push_back(w.size());
        }
        char* block = nullptr;
        const auto n = redisFormatCommandArgv(&block, static_cast<int>(c.size()), words.data(), sizes.data());
        ASSERT_GT(n, 0);
        theirs.append(block, static_cast<std::size_t>(n));
        redisFreeCommand(block);
    }
    append_command(ours, {"PING"});
    append_command(ours, {"GET", "sess:a b"});
    append_command(ours, {"SET", "k", "", "NX", "EX", "60"});
    append_command(ours, {"SET", std::string_view("\0\r\n$\xff", 5), "*"});
    EXPECT_EQ(ours, theirs);
}

TEST(resp, decodes_in_pieces_of_any_size) {
    const std::pair<std::string, std::string> rows[] = {
        {"+OK\r\n", "+OK;"},
        {"+\r\n", "+;"},
        {"-ERR no such thing\r\n", "-ERR no such thing;"},
        {":0\r\n:-1\r\n:9223372036854775807\r\n", "0;-1;9223372036854775807;"},
        {"$0\r\n\r\n", "'';"},
        {"$-1\r\n", "nil;"},
        {"*-1\r\n", "nil;"},
        {"*0\r\n", "[];"},
        {"$5\r\na\r\nb$\r\n+OK\r\n", "'a\r\nb$';+OK;"},
        {"*3\r\n$1\r\na\r\n:2\r\n$-1\r\n", "['a' 2 nil];"},
        {"*2\r\n*2\r\n+a\r\n*1\r\n:1\r\n*1\r\n-ERR x\r\n+OK\r\n", "[[+a [1]] [-ERR x]];+OK;"},
        {"*2\r\n*0\r\n*-1\r\n", "[[] nil];"},
    };
    for (const auto& [bytes, expected] : rows)
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(decode(bytes, piece), expected);
}

TEST(resp, refuses_what_is_not_the_protocol) {
    const std::string rows[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\r\n",
        "x",
        std::string("\0", 1),
        ":x\r\n",
        ":1x\r\n",
        ":99999999999999999999\r\n",
        "$x\r\n",
        "$99999999999999999999\r\n",
        "$3\r\nabcde+OK\r\n",
        "$3\r\nabc\n\r",
        "*x\r\n",
        "*4294967296\r\n",
        "\x16\x03\x01\x02",
    };
    for (const auto& bytes : rows) {
        EXPECT_EQ(decode(bytes, bytes.size()), "broken") << bytes;
        EXPECT_EQ(decode(bytes, 1), "broken") << bytes;
    }
    EXPECT_EQ(decode("+OK\r\n?\r\n+OK\r\n", 100), "+OK;broken");
}

TEST(resp, bounds_the_nesting) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "*1\r\n";
    EXPECT_EQ(decode(deep, deep.size()), "broken");

    const auto nested = [](std::size_t arrays) {
        std::string bytes;
        for (std::size_t i = 0; i < arrays; ++i) bytes += "*1\r\n";
        return decode(bytes + ":1\r\n", 1000);
    };
    EXPECT_NE(nested(store::reply_decoder::max_nesting), "broken");
    EXPECT_EQ(nested(store::reply_decoder::max_nesting + 1), "broken");
}

TEST(resp, bounds_the_elements) {
    const auto array_of = [](std::size_t n) {
        std::string bytes = "*" + std::to_string(n) + "\r\n";
        for (std::size_t i = 0; i < n; ++i) bytes += ":1\r\n";
        return bytes;
    };
    EXPECT_NE(decode(array_of(1000), 4096), "broken");
    EXPECT_NE(decode(array_of(1000) + array_of(1000), 4096), "broken");
    EXPECT_EQ(decode(array_of(store::reply_decoder::max_elements), 4096), "broken");
    EXPECT_EQ(decode("*2147483647\r\n" + array_of(store::reply_decoder::max_elements), 4096), "broken");
}

TEST(resp, bounds_the_bytes) {
    const std::string piece(16 * 1024, 'x');
    const auto feed_bulk = [&piece](reply_decoder& d, std::size_t size) {
        reply r;
        d.feed("$" + std::to_string(size) + "\r\n");
        for (std::size_t sent = 0; sent < size; sent += piece.size()) {
            d.feed(std::string_view(piece).substr(0, std::min(piece.size(), size - sent)));
            if (d.next(r) == status::broken) return sent;
        }
        d.feed("\r\n");
        EXPECT_EQ(d.next(r), status::ready);
        EXPECT_EQ(r.text.size(), size);
        return size;
    };
    reply_decoder d;
    EXPECT_EQ(feed_bulk(d, 1024 * 1024), 1024u * 1024);
    EXPECT_EQ(feed_bulk(d, 8 * 1024 * 1024 - 64), 8u * 1024 * 1024 - 64);
    EXPECT_LE(feed_bulk(d, 2'000'000'000), 8u * 1024 * 1024);
    EXPECT_STREQ(d.problem(), "reply larger than 8 MiB");

    reply_decoder endless_line;
    reply r;
    status s = status::need_more;
    endless_line.feed("+");
    for (int i = 0; i < 1024 && s == status::need_more; ++i) {
        endless_line.feed(piece);
        s = endless_line.next(r);
    }
    EXPECT_EQ(s, status::broken);
}

TEST(resp, stays_broken) {
    reply_decoder d;
    reply r;
    d.feed("?\r\n");
    EXPECT_EQ(d.next(r), status::broken);
    d.feed("+OK\r\n");
    EXPECT_EQ(d.next(r), status::broken);
}

TEST(resp, names_an_error_by_its_first_word) {
    EXPECT_EQ(error_word("NOSCRIPT No matching script"), "NOSCRIPT");
    EXPECT_EQ(error_word("OOM"), "OOM");
    EXPECT_EQ(error_word("secret value"), "?");
    EXPECT_EQ(error_word(""), "?");
    EXPECT_EQ(error_word("ERR\r\n"), "?");
    EXPECT_EQ(error_word(std::string(100, 'A')), "?");
}

}  // namespace
}  // namespace vestibule::store

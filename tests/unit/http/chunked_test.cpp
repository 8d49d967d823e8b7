#include <vestibule/http/chunked.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace vestibule::http {
namespace {

using namespace std::string_literals;

struct outcome {
    error_code ec;
    std::string payload;
    std::string rest;  // behind the last chunk
    bool finished = false;
    bool operator==(const outcome&) const = default;
};

// Feeds `in` in pieces of `size` bytes.
outcome decode(std::string_view in, std::size_t size) {
    chunk_decoder decoder;
    outcome result;
    while (!in.empty() && !decoder.at_trailers()) {
        auto piece = in.substr(0, size);
        while (!piece.empty() && !decoder.at_trailers()) {
            const auto step = decoder.feed(piece);
            if (step.ec) {
                EXPECT_TRUE(step.payload.empty());
                result.ec = step.ec;
                return result;
            }
            EXPECT_GT(step.consumed, 0u);
            EXPECT_LE(step.consumed, piece.size());
            if (step.consumed == 0) return result;
            result.payload += step.payload;
            piece.remove_prefix(step.consumed);
            in.remove_prefix(step.consumed);
        }
    }
    result.finished = decoder.at_trailers();
    result.rest = in;
    return result;
}

const std::size_t sizes[] = {1, 2, 3, 5, 7, 1'000'000};

TEST(chunk_decoder, accepted) {
    const struct {
        std::string in, payload, rest;
    } cases[] = {
        {"0\r\n\r\n", "", "\r\n"},
        {"5\r\nhello\r\n0\r\n\r\n", "hello", "\r\n"},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n", "hello world", "A: b\r\n\r\n"},
        {"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "\r\n"},
        {"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello", "\r\n"},
        {"5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello", "\r\n"},
        {"5 ;\ta = b ; c;d =\"\" \r\nhello\r\n0\r\n\r\n", "hello", "\r\n"},
        {"5;a=\"\\\"\\\\;\xC3\"\r\nhello\r\n0\r\n\r\n", "hello", "\r\n"},
        {"5 ;a=\"b\tc\"\r\nhello\r\n0\r\n\r\n", "hello", "\r\n"},
        {"5  \t\r\nhello\r\n0 \r\n\r\n", "hello", "\r\n"},
        {"2\r\n\r\n\r\n0\r\n", "\r\n", ""},
        {"1\r\n"s + '\0' + "\r\n0\r\n", std::string(1, '\0'), ""},
        {"5;" + std::string(4095, 'x') + "\r\nhello\r\n0\r\n", "hello", ""},
    };
    for (const auto& c : cases) {
        for (const auto size : sizes) {
            SCOPED_TRACE(c.in.substr(0, 60) + " by " + std::to_string(size));
            const auto result = decode(c.in, size);
            EXPECT_EQ(result, (outcome{{}, c.payload, c.rest, true}));
        }
    }
}

TEST(chunk_decoder, payload_is_a_view_of_the_input) {
    const std::string in = "5\r\nhello\r\n1\r\n!\r\n";
    chunk_decoder decoder;
    const auto step = decoder.feed(in);
    EXPECT_EQ(step.payload, "hello");
    EXPECT_EQ(step.payload.data(), in.data() + 3);
    EXPECT_EQ(step.consumed, in.find('!'));
    const auto next = decoder.feed(std::string_view(in).substr(step.consumed));
    EXPECT_EQ(next.payload, "!");
    EXPECT_EQ(decoder.feed("").consumed, 0u);
}

TEST(chunk_decoder, stays_at_the_trailers) {
    chunk_decoder decoder;
    EXPECT_EQ(decoder.feed("0\r\nA: b\r\n\r\n").consumed, 3u);
    EXPECT_TRUE(decoder.at_trailers());
    EXPECT_EQ(decoder.feed("A: b\r\n\r\n").consumed, 0u);
    EXPECT_TRUE(decoder.at_trailers());
}

TEST(chunk_decoder, bad) {
    const std::string cases[] = {
        "\r\n",
        "\n",
        "x\r\n",
        " 5\r\nhello\r\n",
        "-5\r\n",
        "+5\r\n",
        "0x5\r\nhello\r\n",
        "5\nhello\r\n",
        "5\rhello\r\n",
        "5\r\rhello\r\n",
        "5\r\nhello\n0\r\n",
        "5\r\nhello0\r\n",
        "5\r\nhello\r0\r\n",
        "5\r\nhello!\r\n",
        "5\r\nhello\r\n\r\n",
        "5 5\r\nhello\r\n",
        "5 a\r\nhello\r\n",
        "5,\r\nhello\r\n",
        ";a\r\nhello\r\n",
        "00000000000000005\r\nhello\r\n",
        "5;a\nhello\r\n",
        "5;a\r;b\r\nhello\r\n",
        "5;a\x01\r\nhello\r\n",
        "5;a\x7F\r\nhello\r\n",
        "5;\r\nhello\r\n",
        "5; \r\nhello\r\n",
        "5;;a\r\nhello\r\n",
        "5;a;\r\nhello\r\n",
        "5;=b\r\nhello\r\n",
        "5;a=\r\nhello\r\n",
        "5;a= \r\nhello\r\n",
        "5;a b\r\nhello\r\n",
        "5;a=b c\r\nhello\r\n",
        "5;a=\"b\r\nhello\r\n",
        "5;a=\"b\\\r\nhello\r\n",
        "5;a=\"b\"c\r\nhello\r\n",
        "5;a=\"\x01\"\r\nhello\r\n",
        "5;\xE9\r\nhello\r\n",
        "5;a=b,c\r\nhello\r\n",
        "5;" + std::string(4096, 'x') + "\r\nhello\r\n",
        "5" + std::string(4097, ' ') + "\r\nhello\r\n",
    };
    for (const auto& in : cases) {
        for (const auto size : sizes) {
            SCOPED_TRACE(in.substr(0, 60) + " by " + std::to_string(size));
            EXPECT_EQ(decode(in, size).ec, errc::bad_chunk);
        }
    }
}

TEST(chunk_decoder, extensions_are_paid_for_by_payload) {
    // Signed chunks: more than 4 KiB of extensions in all, but far more payload.
    std::string in;
    for (int i = 0; i < 1000; ++i)
        in += "100;chunk-signature=" + std::string(64, 'f') + "\r\n" + std::string(256, 'x') + "\r\n";
    EXPECT_EQ(decode(in + "0\r\n", 4096).payload.size(), 256'000u);

    // One byte at a time with a long extension each: an attack on the reader.
    in.clear();
    for (int i = 0; i < 100; ++i) in += "1;" + std::string(64, 'f') + "\r\nx\r\n";
    EXPECT_EQ(decode(in + "0\r\n", 4096).ec, errc::bad_chunk);
}

TEST(chunk_decoder, the_largest_size) {
    chunk_decoder decoder;
    EXPECT_EQ(decoder.feed("ffffffffffffffff\r\n").ec, error_code{});
    const auto step = decoder.feed("abc");
    EXPECT_EQ(step.payload, "abc");
    EXPECT_FALSE(decoder.at_trailers());
}

TEST(chunk_size_line, table) {
    const struct {
        std::uint64_t size;
        std::string_view line;
    } cases[] = {
        {0, "0\r\n"},   {1, "1\r\n"},       {15, "f\r\n"},
        {16, "10\r\n"}, {4096, "1000\r\n"}, {0xFFFFFFFFFFFFFFFF, "ffffffffffffffff\r\n"},
    };
    for (const auto& c : cases) {
        std::array<char, 18> room{};
        const auto line = chunk_size_line(c.size, room);
        EXPECT_EQ(line, c.line);
        EXPECT_EQ(line.data() + line.size(), room.data() + room.size());
    }
}

}  // namespace
}  // namespace vestibule::http

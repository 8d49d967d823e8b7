#include <vestibule/http/websocket_frames.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vestibule::http {
namespace {

using namespace std::string_literals;

// A frame with its length in `length_bytes` (0: in the second byte) and a payload of zeros.
std::string frame(unsigned char first, std::uint64_t size, int length_bytes, bool masked,
                  std::size_t payload) {
    std::string out(1, static_cast<char>(first));
    const unsigned short_length = length_bytes == 0 ? unsigned(size) : length_bytes == 2 ? 126 : 127;
    out += static_cast<char>((masked ? 0x80 : 0) | short_length);
    for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i) & 0xFF);
    if (masked) out += "\x11\x22\x33\x44";
    return out + std::string(payload, '\0');
}

TEST(websocket_frames, wherever_they_are_split) {
    const struct {
        const char* name;
        std::vector<std::string> frames;
    } cases[] = {
        {"hello, RFC 6455 5.7", {"\x81\x05\x48\x65\x6c\x6c\x6f"s}},
        {"masked hello", {"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s}},
        {"fragments, and a ping between them",
         {"\x01\x03\x48\x65\x6c"s, "\x89\x05\x48\x65\x6c\x6c\x6f"s, "\x80\x02\x6c\x6f"s}},
        {"nothing in them", {"\x81\x00"s, "\x82\x80\x01\x02\x03\x04"s, "\x89\x00"s}},
        {"125, 126, 127 bytes",
         {frame(0x82, 125, 0, false, 125), frame(0x82, 126, 2, false, 126), frame(0x82, 127, 2, true, 127)}},
        {"a long length for little, and for nothing",
         {frame(0x82, 5, 2, true, 5), frame(0x82, 5, 8, false, 5), frame(0x82, 0, 8, false, 0)}},
        {"reserved bits and opcodes", {frame(0xF3, 3, 0, true, 3), frame(0x7F, 0, 0, false, 0)}},
        {"payload that looks like frames", {"\x81\x04\x88\x00\x88\x00"s, "\x81\x02\x81\x7f"s}},
    };
    for (const auto& c : cases) {
        std::string all;
        std::vector<bool> boundary{true};
        for (const std::string& f : c.frames) {
            all += f;
            boundary.resize(all.size());
            boundary.push_back(true);
        }
        // One split at each place, and then byte by byte.
        for (std::size_t split = 0; split <= all.size(); ++split) {
            websocket_frames frames;
            frames.feed_all(std::string_view(all).substr(0, split));
            EXPECT_EQ(frames.at_boundary(), boundary[split]) << c.name << " at " << split;
            frames.feed_all(std::string_view(all).substr(split));
            EXPECT_TRUE(frames.at_boundary()) << c.name << " at " << split;
            EXPECT_FALSE(frames.close_seen()) << c.name << " at " << split;
        }
        websocket_frames frames;
        for (std::size_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(frames.feed({&all[i], 1}), 1u);
            EXPECT_EQ(frames.at_boundary(), boundary[i + 1]) << c.name << " behind byte " << i;
        }
        // One call goes to the end of one frame.
        std::string_view rest = all;
        for (const std::string& f : c.frames) {
            EXPECT_EQ(frames.feed(rest), f.size()) << c.name;
            rest.remove_prefix(f.size());
        }
    }
}

TEST(websocket_frames, close) {
    websocket_frames frames;
    frames.feed_all("\x81\x01\x08"s);
    EXPECT_FALSE(frames.close_seen());
    frames.feed_all("\x88"s);
    EXPECT_TRUE(frames.close_seen());
    EXPECT_FALSE(frames.at_boundary());
    frames.feed_all("\x02\x03\xe8\x81\x00"s);
    EXPECT_TRUE(frames.close_seen() && frames.at_boundary());
}

TEST(websocket_frames, lengths_without_end) {
    for (const std::uint64_t size : {~std::uint64_t(0), ~std::uint64_t(0) - 3, std::uint64_t(1) << 63}) {
        websocket_frames frames;
        frames.feed_all(frame(0x82, size, 8, true, 1000));
        EXPECT_FALSE(frames.at_boundary()) << size;
    }
    websocket_frames frames;
    EXPECT_EQ(frames.feed({}), 0u);
    EXPECT_TRUE(frames.at_boundary());
}

TEST(websocket_close_frame, is_one_frame) {
    EXPECT_EQ(websocket_close_frame(1008, "bye"), "\x88\x05\x03\xf0"s + "bye");
    EXPECT_EQ(websocket_close_frame(1000, ""), "\x88\x02\x03\xe8"s);
    const auto masked = websocket_close_frame(1008, "bye", std::array<unsigned char, 4>{1, 2, 3, 255});
    EXPECT_EQ(masked, "\x88\x85\x01\x02\x03\xff"s + char(0x03 ^ 1) + char(0xf0 ^ 2) + char('b' ^ 3) +
                          char('y' ^ 255) + char('e' ^ 1));
    for (const bool mask : {false, true}) {
        const std::string f = websocket_close_frame(
            1008, std::string(500, 'x'),
            mask ? std::optional(std::array<unsigned char, 4>{9, 9, 9, 9}) : std::nullopt);
        websocket_frames frames;
        EXPECT_EQ(frames.feed(f), f.size());
        EXPECT_TRUE(frames.at_boundary() && frames.close_seen());
        EXPECT_EQ(f.size(), 2 + (mask ? 4 : 0) + 125u);
    }
}

}  // namespace
}  // namespace vestibule::http

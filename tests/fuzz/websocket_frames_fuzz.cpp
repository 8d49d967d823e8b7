// Frames of a WebSocket, whole and in pieces: the boundaries are the same, and nothing reads past the end.
#include <vestibule/http/websocket_frames.hpp>

#include <algorithm>
#include <cstdlib>
#include <vector>

using namespace vestibule::http;

namespace {

struct reading {
    std::vector<std::size_t> ends;  // of frames
    bool close_seen = false;
    bool operator==(const reading&) const = default;
};

reading read(std::string_view in, std::size_t piece) {
    websocket_frames frames;
    reading r;
    for (std::size_t at = 0; at < in.size();) {
        const std::string_view some = in.substr(at, piece);
        const std::size_t n = frames.feed(some);
        if (n == 0 || n > some.size() || (n < some.size() && !frames.at_boundary())) std::abort();
        at += n;
        if (frames.at_boundary()) r.ends.push_back(at);
    }
    r.close_seen = frames.close_seen();
    return r;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view in(reinterpret_cast<const char*>(data), size);
    const reading whole = read(in, std::max<std::size_t>(in.size(), 1));
    for (const std::size_t piece : {1, 7})
        if (read(in, piece) != whole) std::abort();
    if (whole.ends.size() > in.size() / 2) std::abort();
    // A close frame of our own is one frame wherever it is put.
    std::array<unsigned char, 4> mask{};
    std::copy_n(data, std::min(size, mask.size()), mask.begin());
    const std::string close = websocket_close_frame(websocket_policy_violation, in, mask);
    if (read(close, close.size()).ends != std::vector{close.size()}) std::abort();
    return 0;
}

// Chunked coding, whole and in pieces: both readings are the same, and nothing but payload comes out.
#include <vestibule/http/chunked.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>

using namespace vestibule::http;

namespace {

// Payload, then how it ended.
std::string decode(std::string_view in, std::size_t piece) {
    chunk_decoder decoder;
    std::string out;
    for (std::size_t at = 0; at < in.size() && !decoder.at_trailers();) {
        const auto step = decoder.feed(in.substr(at, piece));
        if (step.ec) return out + "!";
        if (step.consumed == 0 || step.consumed > std::min(piece, in.size() - at)) std::abort();
        out += step.payload;
        at += step.consumed;
    }
    return out + (decoder.at_trailers() ? "." : "?");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view in(reinterpret_cast<const char*>(data), size);
    const auto whole = decode(in, in.size());
    for (const std::size_t piece : {1, 7}) {
        const auto same = decode(in, piece);
        // A broken chunk takes with it the payload that was read in the same step.
        if (whole.back() != same.back() || (whole.back() != '!' && whole != same)) std::abort();
    }
    if (whole.size() > in.size() + 1) std::abort();
    return 0;
}

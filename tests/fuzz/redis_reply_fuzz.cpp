// Replies of Redis, whole and in pieces: both readings are the same, and nothing comes out that did not
// go in.
#include "../../proxy/store/resp.hpp"

#include <cstdlib>
#include <string>

using namespace vestibule::store;

namespace {

void show(const reply& r, std::string& out, std::size_t& payload) {
    payload += r.text.size();
    out += std::to_string(static_cast<int>(r.type)) + ":" + std::to_string(r.integer) + ":" + r.text + "[";
    for (const auto& item : r.items) show(item, out, payload);
    out += "]";
}

// All replies, then how it ended.
std::string decode(std::string_view in, std::size_t piece, std::size_t& payload) {
    reply_decoder decoder;
    std::string out;
    for (std::size_t at = 0; at < in.size(); at += piece) {
        decoder.feed(in.substr(at, piece));
        reply r;
        auto status = decoder.next(r);
        for (; status == reply_decoder::status::ready; status = decoder.next(r)) show(r, out, payload);
        if (status == reply_decoder::status::broken) {
            if (!decoder.problem() || decoder.next(r) != reply_decoder::status::broken) std::abort();
            return out + "!";
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view in(reinterpret_cast<const char*>(data), size);
    std::size_t payload = 0, ignored = 0;
    const auto whole = decode(in, in.size(), payload);
    if (payload > in.size()) std::abort();
    for (const std::size_t piece : {1, 7})
        if (decode(in, piece, ignored) != whole) std::abort();
    if (error_word(in).size() > 24) std::abort();
    return 0;
}

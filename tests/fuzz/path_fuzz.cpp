// A request target: what passes is a fixed point without anything that another reader could resolve.
#include <vestibule/http/path.hpp>

#include "expect.hpp"

#include <algorithm>

using namespace vestibule::http;

namespace {

bool is_settled(const std::string& path) {
    const auto bytes_ok = std::all_of(path.begin(), path.end(), [](char c) {
        return c > 0x20 && c < 0x7F && c != '\\' && c != '#' && c != '?';
    });
    return bytes_ok && path.starts_with('/') && path.find("//") == path.npos &&
           (path + '/').find("/./") == path.npos && (path + '/').find("/../") == path.npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    normal_target once, twice;
    if (normalise_target({reinterpret_cast<const char*>(data), size}, once)) return 0;
    expect(is_settled(once.path) && is_settled(once.match_path));
    expect(once.path.find("/..;") == once.path.npos && once.match_path.find(';') == once.match_path.npos);
    for (const char* escape : {"%2F", "%2f", "%5C", "%5c", "%00"})
        expect(once.path.find(escape) == std::string::npos);
    expect(!normalise_target(once.path, twice));
    expect(twice.path == once.path && twice.match_path == once.match_path);
    return 0;
}

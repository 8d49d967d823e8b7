// A Cookie value: pairs lie in order within it, and after the removal of a name no pair has it.
#include <vestibule/http/cookies.hpp>

#include "expect.hpp"

using namespace vestibule::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view header(reinterpret_cast<const char*>(data), size);
    std::size_t others = 0;
    const char* at = header.data();
    for (auto rest = header; const auto pair = next_cookie(rest);) {
        expect(pair->whole.data() >= at && pair->whole.size() >= pair->name.size() + pair->value.size() + 1);
        at = pair->whole.data() + pair->whole.size();
        expect(at <= header.data() + header.size());
        others += pair->name != "sid";
    }
    std::string left;
    expect(append_cookies_without(left, header, "sid") == !left.empty());
    expect(left.size() <= header.size() * 2);
    std::string_view rest = left;
    while (const auto pair = next_cookie(rest)) {
        expect(pair->name != "sid");
        --others;
    }
    expect(others == 0);
    return 0;
}

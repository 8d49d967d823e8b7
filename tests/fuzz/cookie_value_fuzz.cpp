// Any text as a cookie value: never a crash, and nothing verifies that was not signed.
#include <vestibule/session/cookie_value.hpp>
#include <vestibule/session/sid.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace vestibule::session;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const signer both(std::vector<std::string>{"keyboard cat", "nyan cat"});
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto v = both.verify(text)) {
        if (!acceptable_sid(v->sid) || v->secret > 1) std::abort();
        if (both.verify(both.sign(v->sid))->sid != v->sid) std::abort();
    }
    const auto signed_text = both.verify(both.sign(text));
    if (signed_text.has_value() != acceptable_sid(text)) std::abort();
    if (signed_text && (signed_text->sid != text || signed_text->secret != 0)) std::abort();
    anonymous_issue_time(text);
    return 0;
}

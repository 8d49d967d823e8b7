// Any text as a stored value, read and edited at any pointer: the first line is the pointer, the rest the
// value.
#include <vestibule/session/document.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace vestibule::session;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t line = std::min(input.find('\n'), size);
    const std::string_view text = input.substr(std::min(line + 1, size));
    const auto pointer = json_pointer::parse(input.substr(0, line));
    const auto doc = document::parse(text);

    for (const char c : header_text(text)) {
        if (c < ' ' || c > '~') std::abort();
    }
    equals_text(text, "gold");
    if (!pointer) return 0;
    if (const auto set = edit_set(text, *pointer, "\"x\"")) {
        const auto after = document::parse(*set);
        if (!doc || !after) std::abort();
        const auto found = after->find(*pointer);
        if (found ? *found != "\"x\"" : pointer->tokens().back() != "-") std::abort();
    }
    if (const auto removed = edit_remove(text, *pointer)) {
        if (!doc || !document::parse(*removed) || removed->size() > text.size()) std::abort();
        if (!doc->find(*pointer) && *removed != text) std::abort();
    }
    if (doc) doc->own();
    return 0;
}

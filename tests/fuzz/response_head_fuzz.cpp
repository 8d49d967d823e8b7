// The head of a backend's answer from the first byte to its framing. What is parsed lies within the input and
// holds no control characters; the framing is one, whatever the request was.
#include <vestibule/http/framing.hpp>
#include <vestibule/http/head.hpp>

#include "expect.hpp"

using namespace vestibule::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto text = bytes.substr(0, find_head_end(bytes));
    response_head head;
    if (parse_response_head(text, head)) return 0;
    expect(head.status >= 100 && head.status <= 999 && (head.version == 10 || head.version == 11));
    expect(inside(head.reason, text));
    for (const field& f : head.fields)
        expect(!f.name.empty() && inside(f.name, text) && inside(f.value, text));
    const auto framing = response_framing(head, "GET");
    if (framing && framing->kind != body_kind::none) {
        const auto lengths = head.fields.count(field_id::content_length);
        const auto codings = head.fields.count(field_id::transfer_encoding);
        expect(lengths + codings <= 1);
        expect((framing->kind == body_kind::length) == (lengths == 1));
    }
    const auto to_head = response_framing(head, "HEAD");
    expect(!to_head || to_head->kind == body_kind::none);
    return 0;
}

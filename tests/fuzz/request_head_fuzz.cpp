// A request head from the first byte to its framing. What is parsed lies within the input and holds no
// control characters.
#include <vestibule/http/forwarding.hpp>
#include <vestibule/http/framing.hpp>
#include <vestibule/http/head.hpp>

#include "expect.hpp"

using namespace vestibule::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto end = find_head_end(bytes);
    const auto text = bytes.substr(0, end);
    request_head head;
    if (!parse_request_head(text, {}, head)) {
        expect(end != bytes.npos && inside(head.method, text) && inside(head.target, text));
        for (const field& f : head.fields)
            expect(!f.name.empty() && inside(f.name, text) && inside(f.value, text));
        const auto framing = request_framing(head);
        expect(!framing ||
               head.fields.count(field_id::content_length) + head.fields.count(field_id::transfer_encoding) <=
                   1);
        const cidr trusted[] = {cidr::parse("0.0.0.0/0").value()};
        client_facts client;
        find_client(head.fields, {}, false, trusted, client);
        std::string out;
        append_forwarding(out, head.fields, client, "unix:", "");
        expect(!parse_trailers(out + "\r\n", 0, head.fields));
    }
    return 0;
}

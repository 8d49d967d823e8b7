#include "config/sections.hpp"
#include "config/text_form.hpp"

namespace vestibule::config {
namespace {

/// A header name, or off (also as "") for none.
void read_header_name(const cursor& at, std::string& out, name_judge& judge) {
    std::string name = out;
    if (!read_text(at, name)) return;
    if (name.empty() || parse_boolean(name) == false) {
        out.clear();
    } else if (judge.accept(at, name)) {
        out = name;
    }
}

}  // namespace

void read_inject(const cursor& at, server::inject_params& out, name_judge& names) {
    const map_reader m(at);
    read_header_name(m["state"], out.state, names);
    read_header_name(m["id"], out.id, names);
    read_header_name(m["client_subject"], out.client_subject, names);
    const map_reader remaining(m["remaining"]);
    read_header_name(remaining["idle"], out.remaining.idle, names);
    read_header_name(remaining["absolute"], out.remaining.absolute, names);
    read_header_name(remaining["renewal"], out.remaining.renewal, names);
    for (const auto& e : entries_of(m["headers"])) {
        std::string text;
        const bool named = names.accept(e.name, e.key);
        if (!read_text(e.value, text)) continue;
        auto pointer = session::json_pointer::parse(text);
        if (!pointer || text.empty()) {
            e.value.error(e.value.shown() + " is no JSON Pointer (like /user/id; RFC 6901)");
        } else if (session::is_own_place(*pointer)) {
            e.value.error(e.value.shown() +
                          " is vestibule's own (a member of the application, like /user/id)");
        } else if (named) {
            out.headers.push_back({e.key, std::move(*pointer)});
        }
    }
}

}  // namespace vestibule::config

#include "config/expand.hpp"

#include "config/text_form.hpp"

#include <algorithm>

namespace vestibule::config {
namespace {

constexpr std::size_t most_bytes = 64 * 1024;

bool is_variable_name(std::string_view name) noexcept {
    const auto word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::all_of(name.begin(), name.end(), word);
}

/// `inside`: what stands between the braces.
void expand_one(std::string_view inside, const environment& env, expansion& out) {
    const auto colon = inside.find(":-");
    const auto name = inside.substr(0, colon);
    if (!is_variable_name(name)) {
        out.errors.push_back("${" + printable(inside) +
                             "} is not a variable (${NAME} or ${NAME:-default}; $$ is a dollar)");
        return;
    }
    auto value = env(std::string(name));
    if (colon != inside.npos) {
        const auto fallback = inside.substr(colon + 2);
        if (fallback.find("${") != fallback.npos) {
            out.errors.push_back("the default of " + std::string(name) +
                                 " holds another ${ (it has to be plain text)");
            return;
        }
        if (!value || value->empty()) value = std::string(fallback);
    }
    if (value) {
        out.text += *value;
    } else {
        out.errors.push_back("environment variable " + std::string(name) +
                             " is not set (set it, or write ${" + std::string(name) + ":-default})");
    }
}

}  // namespace

expansion expand(std::string_view raw, const environment& env) {
    expansion out;
    while (true) {
        const auto dollar = raw.find('$');
        out.text += raw.substr(0, dollar);
        if (dollar == raw.npos) break;
        raw.remove_prefix(dollar + 1);
        if (raw.starts_with('$')) {
            out.text += '$';
            raw.remove_prefix(1);
        } else if (raw.starts_with('{')) {
            const auto end = raw.find('}');
            if (end == raw.npos) {
                out.errors.emplace_back("has a ${ without its } ($$ is a dollar)");
                break;
            }
            expand_one(raw.substr(1, end - 1), env, out);
            raw.remove_prefix(end + 1);
        } else {
            out.text += '$';
        }
        if (out.text.size() > most_bytes) {
            out.errors.push_back("is longer than " + format_size(most_bytes) +
                                 " with its variables replaced");
            break;
        }
    }
    return out;
}

}  // namespace vestibule::config

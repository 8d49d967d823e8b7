#include "config/file.hpp"
#include "config/sections.hpp"

#include <filesystem>

namespace vestibule::config {

// Nothing of a secret is ever part of a message, not even as it stands in the file.
bool read_secret(const cursor& at, std::string& out) {
    if (at.is(node_kind::scalar)) {
        auto text = at.text();
        if (text) out = std::move(*text);
        return text.has_value();
    }
    if (at.is(node_kind::list)) at.error("is a list (it has to be text, or {file: path})");
    if (at.is(node_kind::null)) at.error("has no value (text, or {file: path})");
    if (!at.is(node_kind::map)) return at.absent();
    const map_reader m(at);
    const auto file = m["file"];
    std::string path;
    if (file.absent()) file.error("is required (the path of a file that holds the secret)");
    if (file.absent() || !read_text(file, path)) return false;

    constexpr std::size_t most_bytes = 64 * 1024;
    auto read = read_file(std::filesystem::path(at.shared().base_directory) / path, most_bytes);
    if (read.text.ends_with('\n')) {
        read.text.pop_back();
        if (read.text.ends_with('\r')) read.text.pop_back();
    }
    if (read.error.empty() && read.text.empty()) read.error = "is empty";
    if (!read.error.empty()) {
        file.error("the file " + read.error);
        return false;
    }
    out = std::move(read.text);
    return true;
}

}  // namespace vestibule::config

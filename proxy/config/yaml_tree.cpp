#include "config/yaml_tree.hpp"

#include "config/text_form.hpp"

#include <vestibule/base/utf8.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>
#include <string_view>
#include <utility>

namespace vestibule::config {
namespace {

mark mark_of(const YAML::Mark& m) noexcept {
    return m.is_null() ? mark{} : mark{m.line + 1, m.column + 1};
}

/// Thrown to leave yaml-cpp in the middle of a file, and caught in parse_yaml: its parser has no other way
/// out.
struct abandoned {};

class tree_builder final : public YAML::EventHandler {
  public:
    explicit tree_builder(std::vector<problem>& problems) : problems_(problems) {}

    node take() { return std::move(root_); }

    /// Where the innermost open map or list began.
    std::optional<mark> innermost(node_kind kind) const {
        for (auto f = stack_.rbegin(); f != stack_.rend(); ++f)
            if (f->value.kind == kind) return f->value.at;
        return std::nullopt;
    }

    void OnDocumentStart(const YAML::Mark& m) override {
        if (documents_++ == 0) return;
        report(mark_of(m), "something follows the end of the document (a configuration is one map)");
        throw abandoned{};
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& m, YAML::anchor_t) override { complete(make(node_kind::null, m)); }

    void OnAlias(const YAML::Mark& m, YAML::anchor_t) override {
        report(mark_of(m), "aliases are not supported (write the value out)");
        complete(make(node_kind::broken, m));
    }

    void OnScalar(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                  const std::string& text) override {
        auto value = make(node_kind::scalar, m);
        if (tagged(m, tag)) value.kind = node_kind::broken;
        value.text = text;
        complete(std::move(value));
    }

    void OnSequenceStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(node_kind::list, m, tag);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& m, const std::string& tag, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        open(node_kind::map, m, tag);
    }
    void OnMapEnd() override { close(); }

  private:
    struct frame {
        node value;
        bool tagged = false;
        bool key_next = true;   // map: a key comes next, else its value
        bool key_good = false;  // map: the key before the value is one
        std::string key{};
        mark key_at{};
        std::map<std::string, int> lines{};  // of the keys so far
    };

    void report(mark at, std::string message) {
        problems_.push_back({at.line, at.column, path(), std::move(message)});
    }

    // Of the value, or the key, that comes next.
    std::string path() const {
        std::string out;
        for (const auto& f : stack_) {
            if (f.value.kind == node_kind::list) {
                out += item_suffix(f.value.items.size());
            } else if (!f.key_next) {
                out = join_path(out, f.key);
            }
        }
        return out;
    }

    node make(node_kind kind, const YAML::Mark& m) {
        if (++values_ > max_values) {
            report(mark_of(m), "more than " + std::to_string(max_values) + " values in one file");
            throw abandoned{};
        }
        node n;
        n.kind = kind;
        n.at = mark_of(m);
        return n;
    }

    // "?" is a plain scalar or a collection, "!" a quoted scalar.
    bool tagged(const YAML::Mark& m, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!") return false;
        report(mark_of(m), "tags are not supported (leave the !tag out)");
        return true;
    }

    void open(node_kind kind, const YAML::Mark& m, const std::string& tag) {
        if (stack_.size() >= max_depth) {
            report(mark_of(m), "nested more than " + std::to_string(max_depth) + " levels deep");
            throw abandoned{};
        }
        auto value = make(kind, m);
        const bool bad = tagged(m, tag);
        stack_.push_back({.value = std::move(value), .tagged = bad});
    }

    void close() {
        auto done = std::move(stack_.back());
        stack_.pop_back();
        if (done.tagged) done.value.kind = node_kind::broken;
        complete(std::move(done.value));
    }

    void complete(node&& value) {
        if (stack_.empty()) {
            root_ = std::move(value);
        } else if (auto& top = stack_.back(); top.value.kind == node_kind::list) {
            top.value.items.push_back(std::move(value));
        } else if (top.key_next) {
            complete_key(top, std::move(value));
        } else {
            top.key_next = true;
            if (!top.key_good) return;
            // An empty value is marked where the next token stands; the key is where the reader looks.
            if (value.kind == node_kind::null) value.at = top.key_at;
            top.value.members.push_back({std::move(top.key), top.key_at, std::move(value)});
        }
    }

    void complete_key(frame& map, node&& key) {
        map.key_good = false;
        if (key.kind != node_kind::scalar && key.kind != node_kind::broken)
            report(key.at, "has a key that is not plain text");
        map.key_next = false;
        map.key = key.text;
        map.key_at = key.at;
        if (key.kind != node_kind::scalar) return;
        const auto [first, fresh] = map.lines.emplace(key.text, key.at.line);
        if (!fresh) {
            report(key.at, "is given twice (first in line " + std::to_string(first->second) + ")");
            return;
        }
        map.key_good = true;
    }

    std::vector<problem>& problems_;
    std::vector<frame> stack_;
    node root_;
    std::size_t values_ = 0;
    unsigned documents_ = 0;
};

/// yaml-cpp takes a 0x04 for the end of the file and replaces what is not UTF-8: neither may pass unseen.
bool is_clean_text(std::string_view yaml, std::vector<problem>& problems) {
    mark at;
    while (!yaml.empty()) {
        const auto byte = static_cast<unsigned char>(yaml.front());
        const auto length = utf8_sequence(yaml);
        const bool control = (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
        if (control || length == 0) {
            problems.push_back(
                {at.line,
                 at.column,
                 {},
                 control ? "a control character (a configuration is plain text)" : "not UTF-8"});
            return false;
        }
        at = byte == '\n' ? mark{at.line + 1, 1} : mark{at.line, at.column + static_cast<int>(length)};
        yaml.remove_prefix(length);
    }
    return true;
}

/// yaml-cpp says "not found" at the file's begin where an end is missing: ours is where it began.
problem syntax_problem(const YAML::Exception& e, const tree_builder& tree) {
    auto at = mark_of(e.mark);
    // Newer versions of yaml-cpp append the anchor's name.
    constexpr std::string_view no_anchor = "the referenced anchor is not defined";
    const bool anchor = std::string_view(e.msg).starts_with(no_anchor);
    std::string message = "not valid YAML: " + (anchor ? std::string(no_anchor) : printable(e.msg));
    const auto kind = e.msg == YAML::ErrorMsg::END_OF_MAP_FLOW   ? node_kind::map
                      : e.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW ? node_kind::list
                                                                 : node_kind::null;
    if (kind != node_kind::null) {
        at = tree.innermost(kind).value_or(at);
        message += kind == node_kind::map ? " (close the { that begins here, and quote a ${...} in it)"
                                          : " (close the [ that begins here)";
    }
    if (e.msg == YAML::ErrorMsg::MAP_VALUE)
        message += " (wrong indentation, a tab, or a ': ' that wants quotes)";
    return {at.line, at.column, {}, std::move(message)};
}

}  // namespace

std::optional<node> parse_yaml(const std::string& yaml, std::vector<problem>& problems) {
    if (yaml.size() > max_file_bytes) {
        problems.push_back({0, 0, {}, "larger than " + format_size(max_file_bytes)});
        return std::nullopt;
    }
    if (!is_clean_text(yaml, problems)) return std::nullopt;
    tree_builder tree(problems);
    try {
        std::istringstream in(yaml);
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(tree)) {
        }
        return tree.take();
    } catch (const YAML::Exception& e) {
        problems.push_back(syntax_problem(e, tree));
    } catch (const abandoned&) {
    }
    return std::nullopt;
}

}  // namespace vestibule::config

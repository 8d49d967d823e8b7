#include "config/reader.hpp"

#include "config/text_form.hpp"

#include <filesystem>

namespace vestibule::config {
namespace {

std::string range_text(const std::string& min, const std::string& max, bool off_allowed) {
    return min + " to " + max + (off_allowed ? ", or off" : "");
}

bool is_off(std::string_view text) noexcept {
    return text == "0" || parse_boolean(text) == false;
}

struct off_allowed {
    bool value;
};

/// Nothing where a problem was recorded; off is zero.
std::optional<milliseconds> duration_of(const cursor& at, const std::string& text, duration_range range,
                                        off_allowed off) {
    if (off.value && is_off(text)) return milliseconds(0);
    const auto d = parse_duration(text);
    if (!d) {
        at.error(at.shown() + " is no duration (like 250ms, 10s, 5m, 24h or 7d" +
                 (off.value ? ", or off)" : ")"));
        return std::nullopt;
    }
    if (off.value && *d == milliseconds(0)) return d;
    if (*d < range.min || *d > range.max) {
        at.error(at.shown() + " is out of range (" +
                 range_text(format_duration(range.min), format_duration(range.max), off.value) + ")");
        return std::nullopt;
    }
    return d;
}

std::optional<std::uint64_t> size_of(const cursor& at, const std::string& text, std::uint64_t min,
                                     std::uint64_t max, off_allowed off) {
    if (off.value && is_off(text)) return 0;
    const auto size = parse_size(text);
    if (!size) {
        at.error(at.shown() + " is no size (like 65536, 64KiB, 1MiB or 1GiB" +
                 (off.value ? ", or off)" : ")"));
        return std::nullopt;
    }
    if (*size < min || *size > max) {
        at.error(at.shown() + " is out of range (" +
                 range_text(format_size(min), format_size(max), off.value) + ")");
        return std::nullopt;
    }
    return size;
}

}  // namespace

bool read_text(const cursor& at, std::string& out) {
    auto text = at.text();
    if (!text) return at.absent();
    if (has_control(*text)) {
        at.error("has a control character");
        return false;
    }
    out = std::move(*text);
    return true;
}

bool read_file_path(const cursor& at, std::string& out) {
    std::string path;
    if (!read_text(at, path)) return false;
    if (!path.empty()) out = (std::filesystem::path(at.shared().base_directory) / path).string();
    return true;
}

bool read_boolean(const cursor& at, bool& out) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto value = parse_boolean(*text);
    if (!value) at.error(at.shown() + " is neither true nor false");
    if (value) out = *value;
    return value.has_value();
}

bool read_count(const cursor& at, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto value = parse_count(*text);
    if (!value || *value < min || *value > max) {
        at.error(at.shown() + " is not a number from " + std::to_string(min) + " to " + std::to_string(max));
        return false;
    }
    out = *value;
    return true;
}

bool read_count_or_zero(const cursor& at, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto value = is_off(*text) ? 0 : parse_count(*text);
    if (!value || (*value != 0 && (*value < min || *value > max))) {
        at.error(at.shown() + " is neither off nor a number from " + std::to_string(min) + " to " +
                 std::to_string(max));
        return false;
    }
    out = *value;
    return true;
}

bool read_size(const cursor& at, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto size = size_of(at, *text, min, max, off_allowed{false});
    if (size) out = *size;
    return size.has_value();
}

bool read_size_or_none(const cursor& at, std::optional<std::uint64_t>& out, std::uint64_t min,
                       std::uint64_t max) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto size = size_of(at, *text, min, max, off_allowed{true});
    if (size) out = *size == 0 ? std::nullopt : size;
    return size.has_value();
}

bool read_duration(const cursor& at, milliseconds& out, duration_range range) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto d = duration_of(at, *text, range, off_allowed{false});
    if (d) out = *d;
    return d.has_value();
}

bool read_duration_or_zero(const cursor& at, milliseconds& out, duration_range range) {
    const auto text = at.text();
    if (!text) return at.absent();
    const auto d = duration_of(at, *text, range, off_allowed{true});
    if (d) out = *d;
    return d.has_value();
}

bool read_duration_or_none(const cursor& at, std::optional<milliseconds>& out, duration_range range) {
    milliseconds d(0);
    if (at.absent()) return true;
    if (!read_duration_or_zero(at, d, range)) return false;
    out = d == milliseconds(0) ? std::nullopt : std::optional(d);
    return true;
}

std::optional<std::size_t> choose(const cursor& at, const std::vector<std::string_view>& words) {
    const auto text = at.text();
    if (!text) return std::nullopt;
    const auto boolean = parse_boolean(*text);
    const std::string_view meant = boolean ? (*boolean ? "on" : "off") : std::string_view(*text);
    std::string list;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == meant) return i;
        list.append(list.empty() ? "" : i + 1 < words.size() ? ", " : " or ").append(words[i]);
    }
    at.error(at.shown() + " is not one of " + list);
    return std::nullopt;
}

}  // namespace vestibule::config

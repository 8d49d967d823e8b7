#include "store/cluster_slots.hpp"

#include "store/store_seeds.hpp"

#include <array>
#include <charconv>

namespace vestibule::store {
namespace {

constexpr std::array<std::uint16_t, 256> make_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
        table[byte] = static_cast<std::uint16_t>(crc);
    }
    return table;
}

constexpr auto crc_table = make_table();

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc() && end == text.data() + text.size();
}

bool is_slot(const reply& r) {
    return r.is_integer() && r.integer >= 0 && r.integer < std::int64_t(slot_count);
}

// [host or nil, port, id, ...]
std::optional<net::endpoint> read_node(const reply& r, const net::endpoint& asked) {
    if (r.items.size() < 2 || !r.items[1].is_integer()) return std::nullopt;
    const std::int64_t port = r.items[1].integer;
    const std::string& host = r.items[0].text;
    if (port < 1 || port > 65535 || host.size() > longest_host) return std::nullopt;
    // "?": it has a name and does not know it.
    return net::endpoint{.host = host.empty() || host == "?" ? asked.host : host,
                         .port = static_cast<std::uint16_t>(port),
                         .unix_path = {}};
}

}  // namespace

std::uint16_t key_slot(std::string_view key) noexcept {
    if (const auto open = key.find('{'); open != key.npos) {
        const auto close = key.find('}', open + 1);
        if (close != key.npos && close != open + 1) key = key.substr(open + 1, close - open - 1);
    }
    std::uint16_t crc = 0;
    for (const char c : key)
        crc = static_cast<std::uint16_t>((crc << 8) ^ crc_table[(crc >> 8) ^ static_cast<unsigned char>(c)]);
    return crc % slot_count;
}

result<std::vector<slot_range>> read_slots(const reply& r, const net::endpoint& asked) {
    std::vector<slot_range> out;
    if (r.type != reply::kind::array) return errc::store_protocol;
    for (const reply& range : r.items) {
        const bool whole = range.items.size() >= 3 && is_slot(range.items[0]) && is_slot(range.items[1]) &&
                           range.items[0].integer <= range.items[1].integer;
        const auto node = whole ? read_node(range.items[2], asked) : std::nullopt;
        if (!node) return errc::store_protocol;
        out.push_back({static_cast<std::uint16_t>(range.items[0].integer),
                       static_cast<std::uint16_t>(range.items[1].integer), *node});
    }
    return out;
}

std::optional<redirect> read_redirect(std::string_view refusal, const net::endpoint& asked) {
    const std::string_view word = refusal.substr(0, refusal.find(' '));
    if (word != "MOVED" && word != "ASK") return std::nullopt;
    refusal.remove_prefix(word.size());
    if (refusal.empty()) return std::nullopt;
    refusal.remove_prefix(1);
    const std::size_t space = refusal.find(' ');
    const std::size_t colon = refusal.rfind(':');  // an IPv6 address has others before
    if (space == refusal.npos || colon == refusal.npos || colon < space) return std::nullopt;
    redirect out{.how = word == "ASK" ? redirect::kind::ask : redirect::kind::moved, .slot = 0, .to = {}};
    const std::string_view host = refusal.substr(space + 1, colon - space - 1);
    if (!read_number(refusal.substr(0, space), out.slot) || out.slot >= slot_count ||
        !read_number(refusal.substr(colon + 1), out.to.port) || out.to.port == 0 ||
        host.size() > longest_host)
        return std::nullopt;
    out.to.host = host.empty() || host == "?" ? asked.host : std::string(host);
    return out;
}

cluster_info read_cluster_info(std::string_view text) {
    cluster_info out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line == "cluster_state:ok") out.ok = true;
        constexpr std::string_view epoch = "cluster_current_epoch:";
        if (line.starts_with(epoch) && !read_number(line.substr(epoch.size()), out.epoch)) return {};
    }
    return out;
}

}  // namespace vestibule::store

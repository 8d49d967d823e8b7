#include "server/assertion_cache.hpp"

#include <algorithm>
#include <functional>

namespace vestibule::server {

std::size_t assertion_cache::look_up(const assertion_facts& f) {
    // None but the subject can hold a NUL, and it stands last.
    key_.clear();
    for (const std::string_view part : {f.handle, f.method, f.path, f.subject}) {
        key_ += part;
        key_ += '\0';
    }
    hash_ = std::hash<std::string_view>()(key_);
    return hash_ % sets * ways;
}

std::string_view assertion_cache::find(std::uint64_t site, const assertion_facts& f, unix_time now) {
    if (entries_.empty()) return {};
    const auto first = entries_.begin() + std::ptrdiff_t(look_up(f));
    // A clock that was set back must not make a token last, nor let one be sent before its time.
    const auto found = std::find_if(first, first + ways, [&](const entry& e) {
        return e.hash == hash_ && e.site == site && e.from <= now && now < e.until && e.key == key_;
    });
    return found == first + ways ? std::string_view() : std::string_view(found->line);
}

void assertion_cache::keep(std::uint64_t site, const assertion_facts& f, std::string_view line, unix_time now,
                           unix_time until) {
    if (entries_.empty()) entries_.resize(sets * ways);
    const auto first = entries_.begin() + std::ptrdiff_t(look_up(f));
    if (key_.size() > longest || line.size() > longest) return;
    const auto rank = [&](const entry& e) {
        const bool same = e.hash == hash_ && e.site == site && e.key == key_;
        return std::pair(!same, e.until);
    };
    const auto place = std::min_element(first, first + ways,
                                        [&](const entry& a, const entry& b) { return rank(a) < rank(b); });
    place->site = site;
    place->hash = hash_;
    place->from = now;
    place->until = until;
    place->key = key_;
    place->line = line;
}

}  // namespace vestibule::server

#include "server/vault_memory.hpp"

#include <algorithm>

namespace vestibule::server {

namespace {

constexpr milliseconds first_pause{100}, soon{800};

}  // namespace

void vault_memory::remember(std::string_view sid, std::string_view owner,
                            std::vector<session::vault_cookie> written, mono_time now) {
    if (written.empty()) return;
    const auto at = sessions_.find(sid);
    if (at == sessions_.end() && sessions_.size() == most_sessions)
        sessions_.erase(
            std::min_element(sessions_.begin(), sessions_.end(),
                             [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
    entry& e = at == sessions_.end() ? sessions_[std::string(sid)] : at->second;
    if (e.owner != owner) e.cookies.clear();
    e.owner = owner;
    for (session::vault_cookie& c : written) {
        std::erase_if(e.cookies, [&](const session::vault_cookie& known) {
            return known.name == c.name && known.path == c.path;
        });
        e.cookies.push_back(std::move(c));
    }
    e.until = now + session::vault_memory_time;
    e.pause = first_pause;
    e.look = now + e.pause;
}

std::span<const session::vault_cookie> vault_memory::of(std::string_view sid,
                                                        std::string_view owner) const noexcept {
    const auto at = sessions_.find(sid);
    if (at == sessions_.end() || at->second.owner != owner) return {};
    return at->second.cookies;
}

bool vault_memory::is_of_other(std::string_view sid, std::string_view owner) const noexcept {
    const auto at = sessions_.find(sid);
    return at != sessions_.end() && at->second.owner != owner;
}

void vault_memory::forget(std::string_view sid) {
    if (const auto at = sessions_.find(sid); at != sessions_.end()) sessions_.erase(at);
}

std::vector<std::string> vault_memory::due(mono_time now) {
    std::erase_if(sessions_, [&](const auto& s) { return s.second.until <= now; });
    std::vector<std::string> out;
    for (auto& [sid, e] : sessions_) {
        if (e.look > now) continue;
        out.push_back(sid);
        e.pause = std::min(2 * e.pause, std::max(soon, e.pause * 5 / 4));
        e.look = now + e.pause;
    }
    return out;
}

void vault_memory::look_again(std::string_view sid, mono_time now) {
    const auto at = sessions_.find(sid);
    if (at == sessions_.end()) return;
    at->second.pause = first_pause;
    at->second.look = now;
}

}  // namespace vestibule::server

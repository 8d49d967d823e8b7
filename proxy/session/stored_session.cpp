#include <vestibule/session/stored_session.hpp>

#include <algorithm>

namespace vestibule::session {

stored_session::stored_session(std::string text, std::optional<milliseconds> left, mono_time at)
    : value(std::move(text)), ttl(left), loaded(at) {
    if (const auto d = document::parse(value)) document_ = *d;
}

stored_session::stored_session(standing how, std::string moved_to) : state(how), value(std::move(moved_to)) {}

std::optional<milliseconds> stored_session::ttl_at(mono_time now) const noexcept {
    if (!ttl) return std::nullopt;
    const auto passed = std::chrono::duration_cast<milliseconds>(now - loaded);
    return std::max(*ttl - std::max(passed, milliseconds(0)), milliseconds(0));
}

}  // namespace vestibule::session

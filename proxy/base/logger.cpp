#include <vestibule/base/logger.hpp>

#include "base/log_writer.hpp"

#include <atomic>

namespace vestibule::log {
namespace {

std::atomic<level> threshold{level::info};
std::atomic<bool> access_lines{true}, session_lines{true};

constexpr std::string_view level_names[] = {"debug", "info", "warn", "error", "off"};

void emit(std::string_view kind, std::string_view message, std::span<const field> fields) {
    log_writer::instance().push({wall_now(), kind, message, fields});
}

}  // namespace

void start(const params& p) {
    threshold = p.min_level;
    access_lines = p.access;
    session_lines = p.sessions;
    log_writer::instance().set_style(p.style);
    log_writer::instance().start();
}

void stop() {
    log_writer::instance().stop();
}

bool enabled(level l) noexcept {
    return l >= threshold.load(std::memory_order_relaxed);
}
bool access_enabled() noexcept {
    return access_lines.load(std::memory_order_relaxed);
}

void write(level l, std::string_view message, std::initializer_list<field> fields) {
    if (enabled(l)) emit(level_names[static_cast<std::size_t>(l)], message, {fields.begin(), fields.size()});
}

bool sessions_enabled() noexcept {
    return session_lines.load(std::memory_order_relaxed) && enabled(level::info);
}

void access(std::span<const field> fields) {
    if (access_enabled()) emit("access", {}, fields);
}

std::uint64_t dropped() noexcept {
    return log_writer::instance().dropped();
}

}  // namespace vestibule::log

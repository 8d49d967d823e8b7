// Log lines on standard output, JSON or text. The calling thread only copies what is said; a background
// thread makes lines of it and writes them in batches, so that a slow reader of our standard output never
// stops the data path: past 4 MiB waiting, lines are dropped and counted. Thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace vestibule::log {

enum class level { debug, info, warn, error, off };
enum class format { json, text };

struct params {
    level min_level = level::info;
    bool access = true;    // one line an exchange
    bool sessions = true;  // one for each session that begins, gets another sid or ends here
    format style = format::json;
};

/// One member of a log line. Text is escaped on writing, numbers are written as they are.
struct field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    field(std::string_view n, std::string_view v) : name(n), value(v) {}
    field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    field(std::string_view n, bool v) : name(n), value(v) {}
    field(std::string_view n, double v) : name(n), value(v) {}
    template <class Int>
    requires std::is_integral_v<Int> field(std::string_view n, Int v)
        : name(n), value(static_cast<std::int64_t>(v)) {}
};

/// Starts the writer, or changes what it writes (on reload). Before it, lines go to standard error.
void start(const params& p);

/// Writes what waits and stops the writer. Idempotent; also runs at exit.
void stop();

bool enabled(level l) noexcept;
bool access_enabled() noexcept;
bool sessions_enabled() noexcept;

/// {"time":"...","level":"info","message":message, ...fields}
void write(level l, std::string_view message, std::initializer_list<field> fields = {});

/// An access line: {"time":"...","type":"access", ...fields}
void access(std::span<const field> fields);

/// Lines dropped because standard output was not read fast enough.
std::uint64_t dropped() noexcept;

inline void debug(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::info, m, f);
}
inline void warn(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::warn, m, f);
}
inline void error(std::string_view m, std::initializer_list<field> f = {}) {
    write(level::error, m, f);
}

/// Appends `text` to `out` as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace vestibule::log

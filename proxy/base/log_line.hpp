// How a log line looks, as text appended to a buffer. Private to the base room.
#pragma once

#include "base/log_record.hpp"

#include <string>

namespace vestibule::log {

/// {"time":"2026-01-02T03:04:05.678Z","level":kind,"message":message,...}\n; for kind "access", "type" and
/// no message.
void append_json_line(std::string& out, const line& l);

/// 2026-01-02T03:04:05.678Z INFO message name=value ...\n
void append_text_line(std::string& out, const line& l);

}  // namespace vestibule::log

// Sessions as a person reads them in a terminal. Pure.
#pragma once

#include <vestibule/session/session_summary.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vestibule::app {

/// Text of others, that controls no terminal, with "..." for what is over `width` characters. 0: any.
std::string printable(std::string_view text, std::size_t width = 0);

/// "2d03h", "3h05m", "5m07s", "9s".
std::string short_duration(milliseconds d);

/// Columns within 80 characters: their names, and a line for each session.
std::string table_head();
std::string table_rows(const std::vector<session::session_summary>& sessions);

/// One line a fact, then the members.
std::string text_of(const session::session_details& s);

}  // namespace vestibule::app

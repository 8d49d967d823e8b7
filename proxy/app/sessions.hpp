// vestibule sessions list|show|revoke|count: looking at sessions and ending them, through the store.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace vestibule::app {

/// Adds the subcommands. One that was given is put into `command`, to be run for the exit code: 0; 1 where
/// there is no such session, or the store failed; 2 for usage.
void add_sessions(CLI::App& cli, std::function<int()>& command);

/// A handle may begin with '-': it goes behind "--", where it is no option.
void protect_handles(std::vector<std::string>& arguments);

}  // namespace vestibule::app

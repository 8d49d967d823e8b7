// The program: subcommands and the composition root. main() is one line.
#pragma once

namespace vestibule::app {

/// Runs the command line. 0: done; 1: failed; 2: usage or configuration error. Catches everything once.
int run(int argc, char** argv);

}  // namespace vestibule::app

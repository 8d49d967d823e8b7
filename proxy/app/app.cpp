#include <vestibule/app/app.hpp>

#include "app/commands.hpp"
#include "app/sessions.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>

namespace vestibule::app {
namespace {

int dispatch(int argc, char** argv) {
    CLI::App cli{
        "vestibule: a reverse-proxy sidecar that enforces sessions\n\n"
        "  vestibule serve --config FILE     run the proxy (also: vestibule --config FILE)\n"
        "  vestibule check --config FILE     say everything that is wrong with a configuration\n"
        "  vestibule doctor --config FILE    connect to store and backend, say what would bite in "
        "production\n"
        "  vestibule sessions list|show|revoke|count --config FILE    look at sessions and end them\n"
        "  vestibule keygen                  print a fresh secret for session.secrets\n"};
    cli.set_version_flag("-V,--version", version_text());
    cli.require_subcommand(0, 1);
    std::string config;
    cli.add_option("-c,--config", config, "Configuration file (YAML)");
    std::function<int()> command;
    const auto with_config = [&](const char* name, const char* text, int (*run)(const std::string&)) {
        CLI::App* sub = cli.add_subcommand(name, text);
        sub->add_option("-c,--config", config, "Configuration file (YAML)")->required();
        sub->callback([&command, &config, run] { command = [&config, run] { return run(config); }; });
    };
    with_config("serve", "Run the proxy in the foreground; logs go to standard output", serve);
    with_config("check", "Parse and validate; print every problem", check);
    with_config("doctor", "Connect to store and backend; print what would bite in production", doctor);
    add_sessions(cli, command);
    cli.add_subcommand("keygen", "Print a fresh 32-byte secret, base64")->callback([&] { command = keygen; });
    std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    protect_handles(arguments);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    try {
        cli.parse(std::move(arguments));
    } catch (const CLI::Success& e) {
        cli.exit(e);  // --help, --version
        return exit_done;
    } catch (const CLI::ParseError& e) {
        cli.exit(e);
        return exit_usage;
    }
    if (command) return command();
    if (!config.empty()) return serve(config);
    std::fputs(cli.help().c_str(), stderr);
    return exit_usage;
}

}  // namespace

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a closed log pipe must not end the proxy
    try {
        return dispatch(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "vestibule: %s\n", e.what());
        return exit_failed;
    }
}

}  // namespace vestibule::app

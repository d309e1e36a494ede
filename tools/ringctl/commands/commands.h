// The commands, by what they are for. Each adds itself to the tree and sets the action when argv
// names it.
#pragma once

#include "cli/command_line.h"

namespace ringctl {

void add_view_commands(CLI::App& app, CommandLine& line);  // status, pools, upstreams, ...
void add_top_command(CLI::App& app, CommandLine& line);
void add_event_commands(CLI::App& app, CommandLine& line);
void add_route_commands(CLI::App& app, CommandLine& line);
void add_upstream_commands(CLI::App& app, CommandLine& line);  // drain, weight, breaker, ...
void add_process_commands(CLI::App& app, CommandLine& line);   // reload, apply, upgrade, ...
void add_config_commands(CLI::App& app, CommandLine& line);
void add_completion_commands(CLI::App& app, CommandLine& line);

}  // namespace ringctl

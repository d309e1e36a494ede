// Completions for shells, made from the tree of commands itself. Pure.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ringctl {

/// The hidden command that lists names for completions.
inline constexpr const char* kNamesCommand = "__names";

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace ringctl

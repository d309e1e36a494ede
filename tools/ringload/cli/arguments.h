// From argv to Arguments: which flags there are and what stands behind them.
#pragma once

#include <expected>
#include <string>

#include "cli/flags.h"

namespace ringload {

/// One line without "ringload: " when argv has an unknown flag, one without its value, or one
/// twice.
std::expected<Arguments, std::string> parse_arguments(int argc, const char* const* argv);

}  // namespace ringload

// A configuration as JSON, shown as the TOML that one would write. Pure.
#pragma once

#include <string>

#include "client/json.h"
#include "tables/style.h"

namespace ringctl {

/// Objects as [sections], arrays of objects as [[sections]], the rest as `key = value` before them.
std::string settings_text(const Value& root, const Style& style);

}  // namespace ringctl

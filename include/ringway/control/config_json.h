// The configuration as JSON, for GET /config. Pure; any thread.
#pragma once

#include <string>

#include "ringway/config/config.h"

namespace ringway::control {

/// The configuration in use, in the sections and keys of docs/configuration.md, with each default
/// filled in: durations as the file writes them ("250ms"), sizes in bytes. What came from the
/// environment or a file, and any other credential, is "***".
std::string config_json(const config::Config& config);

}  // namespace ringway::control

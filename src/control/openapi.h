// docs/openapi.json, as the binary has it.
#pragma once

#include <string_view>

namespace ringway::control {

extern const std::string_view kOpenApi;

}  // namespace ringway::control

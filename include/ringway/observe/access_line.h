// One access record as one line of JSON. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "ringway/config/config.h"
#include "ringway/observe/access_record.h"

namespace ringway::observe {

/// Appends `text` as a JSON string, quotes included (RFC 8259 7). Any bytes are taken: well-formed
/// UTF-8 stays, control characters are escaped, and each byte that belongs to no well-formed
/// character becomes \u00XX of the byte.
void append_json_string(std::string& out, std::string_view text);

/// Appends the record as one JSON object and a newline. Every line has the same keys in the same
/// order; what does not apply is null (a name of nothing, a time that was not reached). Names are
/// those of `config`, the configuration that the record's indices refer to.
void append_access_line(std::string& out, const AccessRecord& record, const config::Config& config);

}  // namespace ringway::observe

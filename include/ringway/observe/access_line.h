// One access record as one line of text. Pure; any thread.
#pragma once

#include <string>

#include "ringway/config/config.h"
#include "ringway/observe/access_record.h"

namespace ringway::observe {

/// Appends the record as one JSON object and a newline. Every line has the same keys in the same
/// order; what does not apply is null (a name of nothing, a time that was not reached). Names are
/// those of `config`, the configuration that the record's indices refer to. `attempts` is an array
/// of
/// {"upstream", "cause", "ms"}: what failed, in order, each with its AttemptEnd; then, with a null
/// cause, the one that gave the answer or was at work when the request ended.
void append_access_line(std::string& out, const AccessRecord& record, const config::Config& config);

/// Appends the record in the "combined" format of nginx and Apache, and a newline. Times are UTC;
/// what is not known is "-"; a client that left before there was a status is 499, as nginx writes
/// it, another request without one 000.
void append_combined_line(std::string& out, const AccessRecord& record);

}  // namespace ringway::observe

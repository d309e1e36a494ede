// The one place where errno becomes an Error.
#pragma once

#include "ringway/ring/ring.h"

namespace ringway::ring {

Error error_from(int number);  // a positive errno

}  // namespace ringway::ring

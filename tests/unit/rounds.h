// How often a test repeats itself.
#pragma once

#include <algorithm>

#include "ringway/base/sanitizers.h"

namespace ringway {

/// Of the `whole` number of random walks, or of steps through a long range, as many as this build
/// goes through: all, or where a sanitizer makes each many times slower a tenth, one at least. What
/// is right in all is the release build's to say; the sanitizers look for what no draw may do.
template <class Count>
constexpr Count rounds(Count whole) {
    return base::kSanitized ? std::max(Count{1}, static_cast<Count>(whole / 10)) : whole;
}

}  // namespace ringway

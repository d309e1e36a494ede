// Where the source tree lies, for tests that check its documents.
#pragma once

namespace ringway::observe {

extern const char* const kSourceRoot;

}  // namespace ringway::observe

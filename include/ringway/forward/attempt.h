// One send of a request to one upstream. An exchange has one, and for a while a second one beside
// it: a hedge.
#pragma once

#include <cstddef>

#include "ringway/base/time.h"
#include "ringway/cluster/view.h"

namespace ringway::forward {

class UpstreamSide;

struct Attempt {
    UpstreamSide* side = nullptr;  // nullptr: over, or not begun; the rest tells of the last one
    cluster::UpstreamIndex upstream;
    bool reused = false;  // on a connection that was warm
    bool trial = false;   // took a trial of a half-open breaker, and owes its outcome
    bool head_sent = false;
    bool last_chunk_sent = false;
    std::size_t pieces_sent = 0;  // of the request's body
    base::Instant begun_at{};
    base::Instant connected_at{};
    base::Instant sent_at{};  // the last piece of the request

    bool live() const { return side != nullptr; }
};

}  // namespace ringway::forward

// What the simulation drives: the real data plane, or the relay that the simulation is tested with.
#pragma once

#include <string>

#include "ringway/base/time.h"

namespace ringway::sim {

class Proxy {
 public:
    virtual ~Proxy() = default;
    /// One pass of one of its shards; false when everything has ended after drain().
    virtual bool turn() = 0;
    virtual void drain(base::Instant deadline) = 0;
    /// What is still in use; "" when nothing is.
    virtual std::string held() const = 0;
};

}  // namespace ringway::sim

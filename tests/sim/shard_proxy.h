// The real data plane as the simulation drives it: one Shard on a SimRing, with the view and the
// counters that its thread would have. One thread.
#pragma once

#include <memory>

#include "proxy.h"
#include "ringway/base/published.h"
#include "ringway/cluster/view.h"
#include "ringway/config/config.h"
#include "ringway/observe/counters.h"
#include "ringway/ring/ring.h"
#include "ringway/shard/shard.h"

namespace ringway::sim {

class ShardProxy final : public Proxy {
 public:
    ShardProxy(ring::Ring& ring, const config::Config& config);

    bool turn() override;
    void drain(base::Instant deadline) override;
    std::string held() const override;

 private:
    base::Published<cluster::View> view_;
    observe::ShardCounters counters_;
    shard::Shard shard_;
};

}  // namespace ringway::sim

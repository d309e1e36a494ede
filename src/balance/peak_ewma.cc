// peak_ewma: two different upstreams are drawn by weight, the one with the lower latency x (in
// flight + 1) is taken (after Finagle's balancer of that name). The latency is a moving average
// that decays with time: 0.7 old + 0.3 sample when the samples come one a probe interval, less of
// the new one when they come faster, more when they come slower. It decays while nothing is
// measured too, so that an upstream that was slow once is tried again.
#include <algorithm>
#include <cmath>
#include <vector>

#include "picker.h"
#include "policies.h"

namespace ringway::balance {
namespace {

class PeakEwma {
 public:
    static constexpr bool kCounts = false;
    static constexpr bool kKeyed = false;

    explicit PeakEwma(std::size_t upstream_count) : latencies_(upstream_count) {}

    void rebuild(const Plan&, const cluster::PoolView&) {}

    std::uint32_t choose(const Draw& draw, base::Prng& prng) {
        const CandidateSet& set = draw.set;
        if (set.count() == 1) return 0;
        const std::uint32_t first = set.draw(prng);
        const std::uint32_t second = set.draw_other(first, prng);
        const Latency& a = latencies_[set.upstream(first)];
        const Latency& b = latencies_[set.upstream(second)];
        // An unmeasured upstream is believed to be fast until a request is out to it, then to be
        // like the other one: the first request finds out, and no crowd follows it before its
        // answer.
        const bool a_busy = draw.loads[set.upstream(first)].in_flight > 0;
        const bool b_busy = draw.loads[set.upstream(second)].in_flight > 0;
        float a_ns = a.known ? a.decayed_ns(draw.now) : 0;
        float b_ns = b.known ? b.decayed_ns(draw.now) : 0;
        if (!a.known && a_busy) a_ns = b.known ? b_ns : 1;
        if (!b.known && b_busy) b_ns = a.known ? a_ns : 1;
        return a_ns * crowding(draw, first) <= b_ns * crowding(draw, second) ? first : second;
    }

    void observe(cluster::UpstreamIndex upstream, base::Duration latency, base::Instant now) {
        Latency& mine = latencies_[upstream.value];
        const float sample = static_cast<float>(std::max<std::int64_t>(base::to_ns(latency), 0));
        if (!mine.known) {
            mine = {sample, true, now};
            return;
        }
        const float keep = keep_share(now - mine.at);
        mine.ns = keep * mine.ns + (1 - keep) * sample;
        mine.at = std::max(mine.at, now);
    }

 private:
    // the default probe interval
    static constexpr float kIntervalNs = 5e9F;
    // log2(0.7): what is kept of the old after one interval
    static constexpr float kLog2OfKeep = -0.5145732F;

    static float keep_share(base::Duration age) {
        const auto age_ns = static_cast<float>(std::max<std::int64_t>(base::to_ns(age), 0));
        return std::exp2(kLog2OfKeep * (age_ns / kIntervalNs));
    }

    struct Latency {
        float ns = 0;
        bool known = false;
        base::Instant at{};  // of the last observation

        // Never below 1 ns: what is in flight still counts when nothing was measured for long.
        float decayed_ns(base::Instant now) const {
            return std::max(ns * keep_share(now - at), 1.0F);
        }
    };

    // in_flight + 1 for equal weights. With others, in_flight counts relative to the mean weight,
    // and an idle pool is shared by the weights of the draw alone.
    static float crowding(const Draw& draw, std::uint32_t position) {
        const CandidateSet& set = draw.set;
        const auto in_flight = static_cast<float>(draw.loads[set.upstream(position)].in_flight);
        const auto mean = static_cast<float>(set.weight_sum()) / static_cast<float>(set.count());
        return 1 + in_flight * mean / static_cast<float>(set.weight(position));
    }

    std::vector<Latency> latencies_;
};

}  // namespace

std::unique_ptr<Balancer> make_peak_ewma(const config::Pool& pool) {
    return std::make_unique<Picker<PeakEwma>>(pool, pool.upstreams.size());
}

}  // namespace ringway::balance

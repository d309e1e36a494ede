// What goes over the wires between the proxy and its upstreams, read from the proxy's side: which
// request was sent where and when, whether or not it arrived, and which answers came. Owned by a
// World; one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ledger.h"
#include "sim_net.h"
#include "wire.h"

namespace ringway::sim {

class UpstreamTap final : public Tap {
 public:
    UpstreamTap(SimNet& net, Ledger& ledger, const std::vector<SocketAddress>& upstreams);
    ~UpstreamTap();
    UpstreamTap(const UpstreamTap&) = delete;
    UpstreamTap& operator=(const UpstreamTap&) = delete;

    void on_written(End& end, std::string_view bytes) override;
    void on_read(End& end, std::string_view bytes) override;

    /// The last of entry.sends has just begun.
    std::function<void(Entry& entry)> on_send;
    /// The final head of an answer to this send was read; `shard` reads it.
    std::function<void(Entry& entry, std::size_t send, std::size_t shard, const WireHead& head)>
        on_answer;

 private:
    struct Wire;
    Wire& wire_of(End& end);
    void begin_send(Wire& wire, std::uint64_t id);
    void take_head(Wire& wire, const WireHead& head);

    SimNet& net_;
    Ledger& ledger_;
    std::vector<SocketAddress> upstreams_;
    std::map<const End*, std::unique_ptr<Wire>> wires_;
};

}  // namespace ringway::sim

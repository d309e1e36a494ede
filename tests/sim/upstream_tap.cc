#include "upstream_tap.h"

#include <algorithm>
#include <charconv>

namespace ringway::sim {

namespace {

/// Where a request line ends that may still come.
constexpr std::size_t kLineBytesMax = 200;

struct NoSink final : WireSink {
    void on_head(const WireHead&) override {}
    void on_body(std::string_view) override {}
    void on_end() override {}
    bool answers_head() override { return false; }
};

}  // namespace

struct UpstreamTap::Wire final : WireSink {
    Wire(UpstreamTap& owner, std::size_t upstream_in, std::size_t shard_in, Instant dialled)
        : tap(owner), upstream(upstream_in), shard(shard_in), dialled_at(dialled) {}

    void on_head(const WireHead& head) override { tap.take_head(*this, head); }
    void on_body(std::string_view) override {}
    void on_end() override {}
    bool answers_head() override { return entry != nullptr && entry->plan.method == "HEAD"; }

    UpstreamTap& tap;
    std::size_t upstream;
    std::size_t shard;
    Instant dialled_at;
    NoSink nobody;
    WireReader requests{WireReader::Side::requests, nobody};
    WireReader answers{WireReader::Side::responses, *this};
    std::string line;        // of the request that is being written
    bool known = false;      // it was long enough to tell what it is
    Entry* entry = nullptr;  // nullptr: a check
    std::size_t send = 0;
    std::uint64_t request_count = 0;
};

UpstreamTap::UpstreamTap(SimNet& net, Ledger& ledger, const std::vector<SocketAddress>& upstreams)
    : net_(net), ledger_(ledger), upstreams_(upstreams) {
    for (const SocketAddress& address : upstreams_) net_.set_tap(address, this);
}

UpstreamTap::~UpstreamTap() = default;

UpstreamTap::Wire& UpstreamTap::wire_of(End& end) {
    std::unique_ptr<Wire>& wire = wires_[&end];
    if (wire == nullptr) {
        const auto found = std::find(upstreams_.begin(), upstreams_.end(), end.remote());
        const std::size_t shard = end.local().ip() == SimNet::shard_address(1).ip() ? 1 : 0;
        wire = std::make_unique<Wire>(*this, static_cast<std::size_t>(found - upstreams_.begin()),
                                      shard, end.dialled_at());
    }
    return *wire;
}

void UpstreamTap::on_written(End& end, std::string_view bytes) {
    Wire& wire = wire_of(end);
    if (wire.requests.at_boundary()) {
        wire.line.clear();
        wire.known = false;
        wire.entry = nullptr;
    }
    if (!wire.known) {
        wire.line += bytes.substr(0, kLineBytesMax);
        constexpr std::string_view kMark = " /r/";
        const std::size_t at = wire.line.find(kMark);
        const std::size_t end_at = wire.line.find('?');
        if (at != std::string::npos && end_at != std::string::npos) {
            std::uint64_t id = 0;
            std::from_chars(wire.line.data() + at + kMark.size(), wire.line.data() + end_at, id);
            wire.known = true;
            begin_send(wire, id);
        } else if (wire.line.find("\r\n") != std::string::npos) {
            wire.known = true;
        }
    }
    wire.requests.feed(bytes);
}

void UpstreamTap::begin_send(Wire& wire, std::uint64_t id) {
    wire.entry = ledger_.find(id);
    if (wire.entry == nullptr) return;
    wire.send = wire.entry->sends.size();
    wire.entry->sends.push_back({.upstream = wire.upstream,
                                 .shard = wire.shard,
                                 .at = net_.now(),
                                 .dialled_at = wire.dialled_at,
                                 .reused = wire.request_count > 0});
    ++wire.request_count;
    ledger_.trace("tap", "shard " + std::to_string(wire.shard) + " sends " + std::to_string(id) +
                             " to origin " + std::to_string(wire.upstream + 1));
    if (on_send) on_send(*wire.entry);
}

void UpstreamTap::on_read(End& end, std::string_view bytes) { wire_of(end).answers.feed(bytes); }

void UpstreamTap::take_head(Wire& wire, const WireHead& head) {
    if (wire.entry == nullptr || head.status() < 200) return;
    Send& send = wire.entry->sends[wire.send];
    send.status = head.status();
    send.answered_at = net_.now();
    if (on_answer) on_answer(*wire.entry, wire.send, wire.shard, head);
}

}  // namespace ringway::sim

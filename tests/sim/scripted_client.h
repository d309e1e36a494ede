// A client that sends planned requests over simulated connections at random speeds, may leave at
// any moment, and checks every byte of what comes back. Owned by a World; one thread.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "ledger.h"
#include "sim_net.h"
#include "wire.h"

namespace ringway::sim {

struct ClientScript {
    std::string name;
    SocketAddress from, to;
    std::deque<Plan> plans;
    std::uint32_t pipeline_depth = 1;
    std::uint32_t step_bytes_max = 64 * 1024;  // read or written at once, at most
    Duration pause_max{0};                     // between two such steps
    Duration think_max{0};                     // before a request, and idle before closing
    enum class Leave : std::uint8_t { at_the_end, reset, close, half_close };
    Leave leave = Leave::at_the_end;
    bool may_be_rate_limited = false;     // by the proxy itself, when all upstreams cool down
    std::uint64_t leave_after_bytes = 0;  // read and written, on the first connection
};

class ScriptedClient final : public WireSink {
 public:
    ScriptedClient(SimNet& net, Ledger& ledger, ClientScript script);

    void start();
    /// If it is one that leaves, and still on its first connection: now.
    void leave_now();
    bool done() const { return done_; }
    const std::string& name() const { return script_.name; }

    void on_head(const WireHead& head) override;
    void on_body(std::string_view bytes) override;
    void on_end() override;
    bool answers_head() override;

 private:
    enum class Sending : std::uint8_t { between, awaiting_continue, body, over };

    void connect();
    void step();
    void read_some();
    void write_some();
    bool refill();
    std::string request_head(const Plan& plan) const;
    std::string next_body_piece();
    bool leave_if_due();
    void on_stream_end();
    void end_connection(const char* why);
    void watch();
    void pause();
    void check_answer_head(Entry& entry, const WireHead& head);
    std::uint32_t some(std::uint32_t bound) { return 1 + net_.prng().below(bound); }

    SimNet& net_;
    Ledger& ledger_;
    ClientScript script_;
    End* end_ = nullptr;
    bool done_ = false;
    bool first_connection_ = true;
    std::uint64_t generation_ = 0;  // of the connection: late events of an earlier one do nothing
    std::uint64_t moved_ = 0;       // bytes, on this connection
    Instant progress_at_{};
    bool paused_ = false;

    // sending
    Sending sending_ = Sending::between;
    Entry* current_ = nullptr;
    std::string out_;
    std::uint64_t body_offset_ = 0;
    bool thought_ = false;

    // receiving
    std::deque<Entry*> waiting_;  // asked and not answered, in order
    std::unique_ptr<WireReader> reader_;
    bool answer_began_ = false;
    bool from_origin_ = false;
    bool close_announced_ = false;
    std::size_t attempt_ = 0;
    std::uint64_t answer_offset_ = 0;
};

}  // namespace ringway::sim

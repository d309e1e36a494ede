// An origin that answers planned requests over simulated connections, at random speeds and with
// every mishap that its script allows, and checks every byte that reaches it. Owned by a World; one
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger.h"
#include "sim_net.h"
#include "wire.h"

namespace ringway::sim {

/// What is wrong with an upstream, for a while.
enum class Fault : std::uint8_t {
    none,
    refuses,         // new connections; those that are there go on
    silent,          // packets vanish, in both directions
    stopped,         // accepts connections and bytes, and goes on with them later
    killed,          // every connection is reset, new ones are refused
    unavailable,     // answers 503
    rate_limits,     // answers 429
    slow,            // 20 times slower
    bad_credential,  // answers 401
};
inline constexpr std::size_t kFaults = 9;
const char* name_of(Fault fault);

/// What all connections of an origin go by.
struct OriginState {
    Fault fault = Fault::none;
    int retry_after_s = 1;   // with rate_limits
    bool checks_see = true;  // checks get the answer of rate_limits and bad_credential too

    bool stopped() const { return fault == Fault::stopped; }
    /// Of answers instead of the planned one; 0: none.
    int status() const;
};

struct OriginScript {
    std::string name;
    SocketAddress address;
    std::uint32_t step_bytes_max = 64 * 1024;
    Duration pause_max{0};
    std::uint32_t close_percent = 0;  // answers that announce and make a close
    // mishaps, of each hundred requests
    std::uint32_t reset_percent = 0;      // RST before, within or right behind the answer
    std::uint32_t truncate_percent = 0;   // FIN before or within the answer
    std::uint32_t stall_percent = 0;      // no answer, or half of one, and silence
    std::uint32_t malformed_percent = 0;  // what comes is no HTTP
    std::uint32_t early_percent = 0;      // answered before the request's body came
    Duration idle_close_max{0};           // idle connections close after at most this; 0: never
    // of those closes; a reset may take the last answer with it
    std::uint32_t idle_reset_percent = 0;
    std::uint32_t unasked_percent = 0;  // an idle connection gets bytes that nobody asked for
};

class OriginConnection final : public WireSink {
 public:
    OriginConnection(SimNet& net, Ledger& ledger, const OriginScript& script,
                     const OriginState& state, End& end, int number);

    /// The origin goes on after it was stopped.
    void go_on() { step(); }
    void kill();

    void on_head(const WireHead& head) override;
    void on_body(std::string_view bytes) override;
    void on_end() override;
    bool answers_head() override { return false; }

 private:
    enum class Mishap : std::uint8_t { none, reset, truncate, stall, malformed };
    enum class Sending : std::uint8_t { nothing, head, body, over };

    void step();
    void read_some();
    void write_some();
    bool refill();
    void check_request_head(const WireHead& head) const;
    void choose_mishap();
    void begin_answer(Duration delay);
    void answer_check();
    void answer_garbage();
    std::string answer_heads();
    std::string next_body_piece();
    void finish_answer();
    bool mishap_if_due();
    void idle();
    void close();
    void pause();
    Attempt& attempt() { return entry_->attempts[attempt_]; }
    bool bodiless() const;
    std::uint32_t some(std::uint32_t bound) { return 1 + net_.prng().below(bound); }

    SimNet& net_;
    Ledger& ledger_;
    const OriginScript& script_;
    const OriginState& state_;
    End& end_;
    std::string name_;
    bool open_ = true;
    bool paused_ = false;
    WireReader reader_{WireReader::Side::requests, *this};
    std::uint64_t exchange_count_ = 0;

    bool checked_ = false;  // the request that comes is a health check

    // the exchange
    Entry* entry_ = nullptr;  // until its answer is complete and its request too
    std::size_t attempt_ = 0;
    bool request_complete_ = true;
    std::uint64_t request_offset_ = 0;
    bool early_ = false;
    Mishap mishap_ = Mishap::none;
    std::uint64_t mishap_after_ = 0;  // bytes of the answer

    // the answer
    Sending sending_ = Sending::nothing;
    std::string out_;
    std::uint64_t written_ = 0;
    std::uint64_t answer_offset_ = 0;
    bool close_after_ = false;
};

class ScriptedOrigin {
 public:
    ScriptedOrigin(SimNet& net, Ledger& ledger, OriginScript script);
    ScriptedOrigin(const ScriptedOrigin&) = delete;
    ScriptedOrigin& operator=(const ScriptedOrigin&) = delete;

    /// From now on; Fault::none: well again.
    void set_fault(Fault fault, int retry_after_s, bool checks_see);

 private:
    SimNet& net_;
    Ledger& ledger_;
    OriginScript script_;
    OriginState state_;
    std::vector<std::unique_ptr<OriginConnection>> connections_;
};

}  // namespace ringway::sim

#include "world.h"

#include <algorithm>

namespace ringway::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Past these, the run will not end: some loop turns without a cause, or some wait has none.
constexpr std::uint64_t kTurnsMax = 1'000'000;
constexpr Duration kRunTime = std::chrono::hours(2);
// Below what a pool keeps of a request for another try, framing included.
constexpr std::uint64_t kReplayBytesMax = 60 * 1024;
constexpr Duration kDrainTime = seconds(30);

const SocketAddress kFront = *SocketAddress::parse("10.0.0.1:80");

// Requests that must be refused and never reach an origin (RFC 9112 2.2, 3, 3.2, 5.1, 6.1, 6.3);
// %ID stands for the id.
constexpr const char* kMalformed[] = {
    "GET /r/%ID HTTP/1.1\r\nX-Id: %ID\r\n\r\n",
    "GET /r/%ID HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Id: %ID\r\n\r\n",
    "GET /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\nX : y\r\n\r\n",
    "GET  /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\n\r\n",
    "GET /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\nX: y\rz\r\n\r\n",
    "POST /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\nContent-Length: 1\r\nContent-Length: "
    "2\r\n\r\nab",
    "POST /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\nContent-Length: 4\r\nTransfer-Encoding: "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\nTransfer-Encoding: chunked, "
    "x\r\n\r\n0\r\n\r\n",
    "POST /r/%ID HTTP/1.1\r\nHost: a\r\nX-Id: %ID\r\nContent-Length: +1\r\n\r\na",
    "GET /r/%ID HTTP/2.7\r\nHost: a\r\nX-Id: %ID\r\n\r\n",
    "\x16\x03\x01\x02\x01\x01\r\n\r\n",
};

std::string with_id(std::string text, std::uint64_t id) {
    for (std::size_t at; (at = text.find("%ID")) != std::string::npos;) {
        text.replace(at, 3, std::to_string(id));
    }
    return text;
}

}  // namespace

NetOptions World::net_options(base::Prng& prng, const Mode& mode) {
    NetOptions options;
    // where outcomes predict breakers, they must be handled in the order of their coming
    const bool rough =
        mode.partial_io || mode.late || (!mode.lossless && !mode.faults.tells_breakers);
    options.fragment = rough && prng.chance(70);
    options.reset_drops = prng.chance(50);
    if (rough && prng.chance(30)) options.connect_delay_max = milliseconds(30);
    options.latency_max = rough && prng.chance(50) ? milliseconds(3) : microseconds(40);
    if (rough && prng.chance(50)) options.buffer_bytes_min = 2048;
    if (prng.chance(40)) options.buffer_bytes_max = 512 * 1024;
    return options;
}

RingOptions World::ring_options(base::Prng& prng, const Mode& mode) {
    RingOptions options;
    options.partial_io = mode.partial_io;
    options.starve = mode.starve;
    options.late = mode.late;
    options.cancel_races = mode.cancel_races;
    options.accept_failures = mode.accept_failures;
    options.loose_credit = prng.chance(50);
    constexpr std::uint32_t kSizes[] = {2048, 4096, 16 * 1024, 32 * 1024};
    options.buffer_bytes = kSizes[prng.below(4)];
    if (mode.starve) {
        constexpr std::uint32_t kTinySizes[] = {512, 1024, 2048, 4096};
        options.buffer_bytes = kTinySizes[prng.below(4)];
        options.buffer_count = 8 + prng.below(9);
    }
    return options;
}

World::World(std::uint64_t seed, const Mode& mode, bool trace)
    : prng_(seed),
      mode_(mode),
      net_(prng_.next(), net_options(prng_, mode)),
      ledger_(prng_.next(), net_, trace) {
    for (std::uint32_t i = 0; i < mode.shards; ++i) {
        RingOptions options = ring_options(prng_, mode);
        options.shard = i;
        rings_.push_back(std::make_unique<SimRing>(net_, options));
    }
    const std::uint32_t upstream_count = (has_faults() ? 2 : 1) + prng_.below(4);
    for (std::uint32_t i = 0; i < upstream_count; ++i) {
        upstreams_.push_back(*SocketAddress::parse("10.0.1." + std::to_string(i + 1) + ":8080"));
    }
    config_ = make_config();
    make_origins();
    if (has_faults()) {
        faults_ = std::make_unique<FaultJudge>(net_, ledger_, prng_, mode_.faults, config_,
                                               origins_, mode_.late);
    }
    make_clients();
    if (chance(mode_.refuse_percent)) trouble_upstreams();
    if (mode_.drains) drain_at_ = net_.now() + net_.random_duration(milliseconds(200));
}

config::Config World::make_config() {
    config::Config config;
    config::Shard shard;
    constexpr std::uint64_t kSpliceFrom[] = {0, 4096, 64 * 1024};
    shard.splice_min_bytes = kSpliceFrom[prng_.below(3)];
    shard.receive_credit_bytes = 4096u << prng_.below(4);
    for (const auto& ring : rings_) {
        shard.buffer_count = ring->buffers().count();
        shard.buffer_bytes = ring->buffers().buffer_bytes();
        config.shards.push_back(shard);
    }
    config::Listener listener;
    listener.name = "front";
    listener.address = kFront;
    config.listeners.push_back(listener);
    config::Pool pool;
    pool.name = "pool";
    pool.balance = static_cast<config::Balance>(prng_.below(6));
    // A handshake that takes long is no sign of anything here, and each request is to be sent once.
    pool.suspicion.enabled = !mode_.lossless;
    if (!mode_.lossless) pool.first_byte_timeout = seconds(1 + prng_.below(10));
    if (chance(30)) pool.idle_connections_max = prng_.below(3);
    if (chance(30)) pool.requests_per_connection_max = 1 + prng_.below(3);
    for (const SocketAddress& address : upstreams_) {
        config::Upstream upstream;
        upstream.name = address.text();
        upstream.address = address.text();
        upstream.literal = address;
        pool.upstreams.push_back(upstream);
    }
    if (has_faults()) FaultJudge::draw_rules(prng_, mode_.faults, pool);
    config.pools.push_back(pool);
    config::Route route;
    route.name = "all";
    route.to_pool = cluster::PoolIndex{0};
    config.routes.push_back(route);
    return config;
}

void World::make_origins() {
    for (const SocketAddress& address : upstreams_) {
        OriginScript script;
        script.name = "origin " + std::to_string(origins_.size() + 1);
        script.address = address;
        if (chance(mode_.slow_percent)) {
            script.pause_max = milliseconds(1 + prng_.below(10));
            script.step_bytes_max = 1024u << prng_.below(5);
        }
        script.close_percent = mode_.faults.tells_breakers ? 0 : 10;
        script.reset_percent = mode_.origin_reset_percent;
        script.truncate_percent = mode_.origin_truncate_percent;
        script.stall_percent = mode_.origin_stall_percent;
        script.malformed_percent = mode_.origin_malformed_percent;
        script.early_percent = mode_.origin_early_percent;
        script.unasked_percent = mode_.origin_malformed_percent;
        script.idle_reset_percent = mode_.lossless ? 0 : 30;
        if (mode_.origin_idle_closes) script.idle_close_max = milliseconds(5 + prng_.below(50));
        origins_.push_back(std::make_unique<ScriptedOrigin>(net_, ledger_, script));
    }
}

void World::make_clients() {
    const std::uint32_t client_count = 1 + prng_.below(6);
    for (std::uint32_t i = 0; i < client_count; ++i) {
        ClientScript script;
        script.name = "client " + std::to_string(i + 1);
        script.from = *SocketAddress::parse("10.0.2." + std::to_string(i + 1) + ":" +
                                            std::to_string(20'000 + prng_.below(40'000)));
        script.to = kFront;
        const std::uint32_t plan_count = 1 + prng_.below(has_faults() ? 16 : 8);
        for (std::uint32_t k = 0; k < plan_count; ++k) script.plans.push_back(make_plan());
        if (!mode_.bytes_only && chance(40)) script.pipeline_depth = 1 + prng_.below(6);
        if (chance(50)) script.think_max = milliseconds(prng_.below(40));
        if (has_faults()) script.think_max = milliseconds(100 + prng_.below(900));
        script.may_be_rate_limited = has_faults();
        if (chance(mode_.slow_percent)) {
            script.pause_max = milliseconds(1 + prng_.below(20));
            script.step_bytes_max = 256u << prng_.below(6);
        }
        if (chance(mode_.leave_percent)) {
            script.leave = static_cast<ClientScript::Leave>(1 + prng_.below(3));
            script.leave_after_bytes = prng_.below(chance(50) ? 500 : 50'000);
            if (has_faults()) script.leave_after_bytes *= 100;
        }
        clients_.push_back(std::make_unique<ScriptedClient>(net_, ledger_, std::move(script)));
        net_.after(net_.random_duration(milliseconds(50)),
                   [client = clients_.back().get()] { client->start(); });
        if (has_faults() && chance(50)) {
            net_.after(net_.random_duration(mode_.faults.during),
                       [client = clients_.back().get()] { client->leave_now(); });
        }
    }
}

std::uint64_t World::some_body_bytes() {
    const std::uint32_t kind = prng_.below(100);
    if (kind < 10) return 0;
    if (kind < 60) return prng_.below(2000);
    if (kind < 90) return prng_.below(40'000);
    return prng_.below(300'000);
}

Plan World::make_plan() {
    Plan plan;
    plan.id = next_id_++;
    const std::uint32_t kind = prng_.below(100);
    plan.method = kind < 50   ? "GET"
                  : kind < 75 ? "POST"
                  : kind < 85 ? "PUT"
                  : kind < 95 ? "HEAD"
                              : "DELETE";
    if (plan.method == "POST" || plan.method == "PUT") {
        plan.body_bytes = some_body_bytes();
        plan.chunked = chance(40);
        plan.trailers = plan.chunked && chance(30);
        plan.expect = chance(15);
        plan.malformed_body = plan.chunked && chance(mode_.malformed_percent);
    }
    plan.close = chance(5);
    if (!mode_.bytes_only && !plan.chunked && chance(8)) {
        plan.http10 = plan.close = true;
        plan.expect = false;
    }
    plan.hop_by_hop = !mode_.bytes_only && chance(30);
    plan.padding_bytes = chance(20) ? prng_.below(6000) : prng_.below(100);
    if (chance(mode_.malformed_percent)) {
        plan.malformed = with_id(kMalformed[prng_.below(std::size(kMalformed))], plan.id);
    }
    constexpr int kStatuses[] = {204, 304, 404, 500};
    if (chance(20)) plan.status = kStatuses[prng_.below(4)];
    plan.answer_bytes = plan.status == 204 || plan.status == 304 ? 0 : some_body_bytes();
    const std::uint32_t framing = prng_.below(100);
    if (framing >= 55) plan.answer_framing = AnswerFraming::chunked;
    if (framing >= 90) plan.answer_framing = AnswerFraming::until_close;
    plan.answer_trailers = plan.answer_framing == AnswerFraming::chunked && chance(20);
    plan.interims = chance(10) ? 1 + static_cast<int>(prng_.below(2)) : 0;
    if (chance(30))
        plan.answer_delay = net_.random_duration(milliseconds(mode_.slow_answers ? 2000
                                                              : chance(10)       ? 300
                                                                                 : 10));
    plan.answer_padding_bytes = chance(20) ? prng_.below(6000) : prng_.below(100);
    return plan;
}

// Each upstream for a while does not take connections.
void World::trouble_upstreams() {
    for (const SocketAddress& address : upstreams_) {
        if (!chance(60)) continue;
        const auto how = static_cast<Answering>(1 + prng_.below(3));
        net_.after(net_.random_duration(milliseconds(40)),
                   [this, address, how] { net_.set_answering(address, how); });
        net_.after(net_.random_duration(seconds(4)),
                   [this, address] { net_.set_answering(address, Answering::accepts); });
    }
}

// -- the run --

bool World::turn_until_clients_are_gone(Proxy& proxy) {
    const Instant limit = net_.now() + kRunTime;
    const auto done = [&] {
        return std::all_of(clients_.begin(), clients_.end(),
                           [](const auto& client) { return client->done(); });
    };
    while (!done()) {
        std::string why;
        if (net_.now() >= drain_at_ && !ledger_.draining()) start_drain(proxy);
        if (!ended_) {
            ended_ = !proxy.turn();
        } else if (net_.next_event() != base::kNever) {
            net_.run_next();  // clients read what the proxy left behind
        } else {
            why = "the proxy has ended";
        }
        if (ended_ && !ledger_.draining()) why = "the proxy says that all has ended";
        if (nothing_can_happen()) why = "nothing can ever happen any more";
        if (net_.now() > limit) why = "two hours have passed";
        if (++turns_ > kTurnsMax) why = "too many turns";
        if (why.empty() || done()) continue;
        ledger_.violation("clients are still there, but " + why);
        return false;
    }
    return true;
}

bool World::nothing_can_happen() const {
    return std::ranges::any_of(rings_, [](const auto& ring) { return ring->dead(); });
}

void World::start_drain(Proxy& proxy) {
    ledger_.trace("world", "drains");
    ledger_.set_draining();
    drain_deadline_ = net_.now() + kDrainTime;
    proxy.drain(drain_deadline_);
}

void World::run_drain(Proxy& proxy) {
    if (!ledger_.draining()) start_drain(proxy);
    const Instant limit = drain_deadline_ + kDrainTime;
    while (!ended_ && net_.now() < limit && ++turns_ <= kTurnsMax) {
        ended_ = !proxy.turn();
        if (ended_ && net_.now() > drain_deadline_ + seconds(1))
            ledger_.violation("the drain went past its deadline");
    }
    if (!ended_) ledger_.violation("the drain does not end");
    if (!proxy.held().empty()) ledger_.violation("after the drain, still in use: " + proxy.held());
    for (const auto& ring : rings_) {
        if (ring->buffers().held_count() > 0) {
            ledger_.violation("after the drain, buffers are still held");
        }
    }
}

std::vector<std::string> World::run(const MakeProxy& make_proxy) {
    std::vector<SimRing*> rings;
    for (const auto& ring : rings_) rings.push_back(ring.get());
    std::unique_ptr<Proxy> proxy =
        make_proxy(net_, rings, config_, faults_ ? &faults_->board() : nullptr);
    if (turn_until_clients_are_gone(*proxy)) run_drain(*proxy);
    for (const auto& ring : rings_) {
        for (const std::string& misuse : ring->misuses()) ledger_.violation(misuse);
    }
    if (!ledger_.violations().empty()) {
        broken_proxy_ = proxy.release();
        return ledger_.violations();
    }
    proxy.reset();
    for (const auto& ring : rings_) {
        for (const std::string& leak : ring->leaks()) ledger_.violation(leak);
    }
    judge_entries();
    if (faults_ != nullptr) faults_->judge();
    return ledger_.violations();
}

void World::judge_entries() {
    if (!mode_.lossless) return;
    if (net_.cork_timeouts() > 0) {
        ledger_.violation(std::to_string(net_.cork_timeouts()) +
                          " times bytes waited for more that did not follow");
    }
    for (const auto& [id, entry] : ledger_.entries()) {
        if (mode_.drains && entry.attempts.empty()) continue;
        if (!entry.plan.malformed.empty() || entry.plan.malformed_body) continue;
        if (entry.complete && entry.answered_by_origin &&
            (mode_.may_repeat || entry.attempts.size() == 1))
            continue;
        if (mode_.may_repeat &&
            !(entry.plan.repeatable() && entry.plan.body_bytes <= kReplayBytesMax))
            continue;
        ledger_.violation("request " + std::to_string(id) + " (" + entry.plan.method +
                          ") was lost or repeated: status " + std::to_string(entry.answer_status) +
                          ", seen by origins " + std::to_string(entry.attempts.size()) + " times");
    }
    if (!mode_.drains && ledger_.entries().size() + 1 != next_id_)
        ledger_.violation("not every request was sent");
}

}  // namespace ringway::sim

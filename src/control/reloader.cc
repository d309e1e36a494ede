#include "ringway/control/reloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "ringway/control/clock.h"
#include "thread_setup.h"

namespace ringway::control {

namespace {

constexpr std::chrono::seconds kLookup{3};
constexpr std::chrono::seconds kShardsPatience{5};
constexpr std::chrono::milliseconds kGlance{50};
constexpr std::uint64_t kRequestsMin = 20;

OperationError invalid(const std::vector<config::Error>& errors) {
    OperationError error{.status = 422,
                         .code = "invalid_config",
                         .message = "the configuration is not valid; the one in force goes on",
                         .details = {}};
    for (const config::Error& each : errors) error.details.push_back(each.text());
    return error;
}

OperationError conflict(std::string code, std::string message) {
    return {.status = 409, .code = std::move(code), .message = std::move(message), .details = {}};
}

/// It would accept where the one of this place did not.
bool needs_sockets(const config::Config& before, const config::Config& next, std::size_t place) {
    const config::Listener& to = next.listeners[place];
    if (to.retired) return false;
    if (place >= before.listeners.size() || before.listeners[place].retired) return true;
    const config::Listener& from = before.listeners[place];
    return !(from.address == to.address) || from.backlog != to.backlog ||
           from.congestion_control != to.congestion_control;
}

template <class Things>
bool has(const Things& things, std::size_t place) {
    return place < things.size() && !things[place].retired;
}

bool had_sockets(const config::Config& config, std::size_t place) {
    return has(config.listeners, place);
}

}  // namespace

Reloader::Reloader(const ReloaderParts& parts) : parts_(parts), loaded_(parts.loaded) {
    facts_.generation = parts_.board.config()->generation;
    facts_.last_success_unix_seconds = static_cast<double>(read_clocks().unix_ns) / 1e9;
    watcher_ = std::thread([this] { watch(); });
}

Reloader::~Reloader() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    watcher_.join();
}

// -- the verbs --

Outcome<Reloaded> Reloader::reload() {
    const std::lock_guard turn(turn_);
    parts_.tell_manager(true);
    auto reloaded = load_and_put_in_force();
    parts_.tell_manager(false);
    return reloaded;
}

Outcome<Reloaded> Reloader::load_and_put_in_force() {
    auto next = config::load(loaded_.file, parts_.machine);
    if (!next) {
        note(false);
        parts_.log.error("main", "the configuration was not reloaded; the one in force goes on");
        for (const config::Error& error : next.error()) parts_.log.error("main", error.text());
        return std::unexpected(invalid(next.error()));
    }
    auto reloaded = put_in_force(std::move(*next));
    if (reloaded) {
        const std::lock_guard lock(mutex_);
        trial_.reset();
    }
    return reloaded;
}

Outcome<Applied> Reloader::apply(const ApplyOrder& order) {
    const std::lock_guard turn(turn_);
    if (pending()) {
        return std::unexpected(conflict(
            "pending", "another configuration waits for its confirmation; confirm or revert it"));
    }
    auto next = config::parse(order.toml, loaded_.file, parts_.machine);
    if (!next) {
        std::vector<config::Error> errors = std::move(next.error());
        for (config::Error& error : errors) {
            if (!order.name.empty()) error.file = order.name;
        }
        return std::unexpected(invalid(errors));
    }
    Trial trial{.pending = {}, .before = loaded_};
    count(trial.requests, trial.failures);
    auto reloaded = put_in_force(std::move(*next));
    if (!reloaded) return std::unexpected(reloaded.error());
    const std::int64_t confirm_by = read_clocks().unix_ns + order.confirm.count();
    trial.pending = {.generation = reloaded->generation,
                     .confirm_by_unix_ns = confirm_by,
                     .abort_if = order.abort_if};
    {
        const std::lock_guard lock(mutex_);
        trial_ = std::move(trial);
        changed_.notify_all();
    }
    parts_.log.warn("main", fmt::format("the configuration goes away in {:.3g} s unless it is "
                                        "confirmed",
                                        static_cast<double>(order.confirm.count()) / 1e9));
    return Applied{std::move(*reloaded), confirm_by};
}

Outcome<Reloaded> Reloader::confirm() {
    const std::lock_guard turn(turn_);
    const std::lock_guard lock(mutex_);
    if (!trial_) {
        return std::unexpected(
            conflict("nothing_pending", "no configuration waits for a confirmation"));
    }
    Reloaded reloaded{.generation = trial_->pending.generation};
    trial_.reset();
    parts_.log.info("main", "the configuration was confirmed");
    return reloaded;
}

Outcome<Reloaded> Reloader::revert() {
    const std::lock_guard turn(turn_);
    return take_back("by hand");
}

std::optional<Pending> Reloader::pending() const {
    const std::lock_guard lock(mutex_);
    if (!trial_) return std::nullopt;
    return trial_->pending;
}

observe::ReloadFacts Reloader::facts() const {
    const std::lock_guard lock(mutex_);
    return facts_;
}

// -- from one configuration to the next --

Outcome<Reloaded> Reloader::put_in_force(config::Config next) {
    if (parts_.phase.load() != Phase::accepting) {
        return std::unexpected(
            conflict("draining", "the process drains, or has not begun; nothing is reloaded"));
    }
    const std::shared_ptr<const config::Config> before = parts_.board.config();
    config::Merged merged = config::merge(*before, next, vacancies());
    std::vector<std::uint16_t> opened;
    if (auto listening = open_listeners(*before, *merged.config, opened); !listening) {
        note(false);
        parts_.log.error("main",
                         "the configuration was not reloaded: " + listening.error().message);
        return std::unexpected(listening.error());
    }
    const failover::Addresses addresses = parts_.resolver.prepare(merged.config, kLookup);
    hand_over(*before, merged.config, addresses);
    earlier_.push_back(before);
    if (!wait_for_shards(merged.config->generation))
        parts_.log.warn("main", "a shard has not followed the new configuration within 5 s");
    for (const std::uint16_t listener : opened) {
        if (const auto listening = parts_.crew.listen(listener, parts_.sockets); !listening)
            parts_.log.error("main", listening.error());
    }
    for (const base::SocketAddress& address : parts_.sockets.close_unclaimed())
        parts_.log.info("main", "not listening on " + address.text() + " any more");
    parts_.checks.keep_only(*merged.config);
    loaded_ = std::move(next);
    note(true);
    parts_.log.set_level(merged.config->log.level);
    parts_.alerts.adopt(*merged.config);
    parts_.set_token(merged.config->admin.token);
    for (const std::string& change : merged.changed) parts_.log.info("main", change);
    for (const std::string& section : merged.needs_restart)
        parts_.log.warn("main", section + " has changed, which takes an upgrade or a restart");
    parts_.log.info("main", fmt::format("configuration {} is in force", merged.config->generation));
    return Reloaded{merged.config->generation, std::move(merged.changed),
                    std::move(merged.needs_restart)};
}

/// Sockets first: a configuration that cannot listen must change nothing. A listener that moves
/// gives its place in the table to the new sockets and keeps the old ones until then.
Outcome<void> Reloader::open_listeners(const config::Config& before, const config::Config& next,
                                       std::vector<std::uint16_t>& opened) {
    const std::size_t shards = next.shards.size();
    std::vector<std::uint16_t> released;
    std::string failure;
    for (std::size_t i = 0; i < next.listeners.size(); ++i) {
        const auto place = static_cast<std::uint16_t>(i);
        if (had_sockets(before, i) &&
            (next.listeners[i].retired || needs_sockets(before, next, i))) {
            parts_.sockets.release(place);
            released.push_back(place);
        }
    }
    for (std::size_t i = 0; i < next.listeners.size() && failure.empty(); ++i) {
        if (!needs_sockets(before, next, i)) continue;
        const auto place = static_cast<std::uint16_t>(i);
        if (const auto open = parts_.sockets.open(place, next.listeners[i], shards); open) {
            opened.push_back(place);
        } else {
            failure = open.error();
        }
    }
    if (failure.empty()) return {};
    // back to what was: the released sockets are still open, and claimed by their addresses
    for (const std::uint16_t place : opened) parts_.sockets.release(place);
    for (const std::uint16_t place : released) {
        const auto open = parts_.sockets.open(place, before.listeners[place], shards);
        if (!open) parts_.log.error("main", open.error());
    }
    static_cast<void>(parts_.sockets.close_unclaimed());
    return std::unexpected(conflict("cannot_listen", failure));
}

/// Room everywhere, then one publication, which every shard finds in its next turn.
void Reloader::hand_over(const config::Config& before,
                         const std::shared_ptr<const config::Config>& next,
                         const failover::Addresses& addresses) {
    for (const auto& counters : parts_.counters) counters->grow(*next);
    parts_.chronicle.adopt(*next);
    parts_.access_log.adopt(next);
    parts_.crew.adopt(*next);
    parts_.resolver.stop();
    {
        const base::RcuReader reader;
        parts_.board.adopt(next, addresses, read_clocks().now);
    }
    parts_.resolver.adopt(parts_.board);
    for (std::size_t i = 0; i < before.listeners.size(); ++i) {
        const bool moves = had_sockets(before, i) &&
                           (next->listeners[i].retired || needs_sockets(before, *next, i));
        if (moves) parts_.crew.close_listener(static_cast<std::uint16_t>(i));
    }
}

bool Reloader::wait_for_shards(std::uint64_t generation) const {
    const auto end = std::chrono::steady_clock::now() + kShardsPatience;
    const auto follows = [generation](const auto& counters) {
        return counters->generation.get() >= generation;
    };
    while (!std::ranges::all_of(parts_.counters, follows)) {
        if (std::chrono::steady_clock::now() > end || parts_.crew.ended()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// A retired place is vacant when no configuration is left in which it was in use, and no
/// connection is left of it. Who goes by a configuration holds it: shards as long as an exchange
/// does, which a stream may do for hours. It is not to keep the places of what came and went
/// meanwhile.
config::Vacancies Reloader::vacancies() {
    std::vector<std::shared_ptr<const config::Config>> held;
    for (const auto& each : earlier_) {
        if (auto config = each.lock()) held.push_back(std::move(config));
    }
    std::erase_if(earlier_, [](const auto& each) { return each.expired(); });
    const auto nobody_has = [held](const auto& that) { return std::ranges::none_of(held, that); };
    const auto listener = [this](std::uint16_t place) {
        return std::ranges::all_of(parts_.counters, [place](const auto& counters) {
            return counters->listeners[place].connections_open.get() == 0;
        });
    };
    const auto route = [nobody_has](std::uint16_t place) {
        return nobody_has([place](const auto& config) { return has(config->routes, place); });
    };
    const auto upstream = [this, nobody_has](cluster::Place place) {
        return is_idle(place) && nobody_has([place](const auto& config) {
                   return has(config->pools, place.pool.value) &&
                          has(config->pools[place.pool.value].upstreams, place.upstream.value);
               });
    };
    const auto pool = [this, nobody_has](cluster::PoolIndex index) {
        const std::size_t count = parts_.board.config()->pools[index.value].upstreams.size();
        for (std::size_t i = 0; i < count; ++i) {
            if (!is_idle({index, {static_cast<std::uint16_t>(i)}})) return false;
        }
        return nobody_has([index](const auto& config) { return has(config->pools, index.value); });
    };
    return {.listener = listener, .route = route, .pool = pool, .upstream = upstream};
}

bool Reloader::is_idle(cluster::Place place) const {
    return std::ranges::all_of(parts_.counters, [place](const auto& counters) {
        const observe::UpstreamCounters& of =
            counters->upstreams[place.pool.value][place.upstream.value];
        return of.in_flight.get() == 0 && of.connections_open.get() == 0;
    });
}

void Reloader::note(bool success) {
    const std::lock_guard lock(mutex_);
    facts_.last_success = success;
    if (!success) return;
    facts_.last_success_unix_seconds = static_cast<double>(read_clocks().unix_ns) / 1e9;
    facts_.generation = parts_.board.config()->generation;
}

// -- trials --

Outcome<Reloaded> Reloader::take_back(const std::string& why) {
    std::optional<Trial> trial;
    {
        const std::lock_guard lock(mutex_);
        trial = std::exchange(trial_, std::nullopt);
    }
    if (!trial) {
        return std::unexpected(
            conflict("nothing_pending", "no configuration waits for a confirmation"));
    }
    parts_.log.warn("main", "the configuration before is put back: " + why);
    return put_in_force(std::move(trial->before));
}

void Reloader::watch() {
    set_up_thread("rw-reloader");
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!trial_) {
            changed_.wait(lock, [this] { return stopping_ || trial_; });
            continue;
        }
        const auto why = why_to_revert(*trial_);
        if (!why) {
            changed_.wait_for(lock, kGlance);
            continue;
        }
        const std::uint64_t generation = trial_->pending.generation;
        lock.unlock();
        {
            const std::lock_guard turn(turn_);
            // It may have been confirmed while this thread waited for its turn.
            const auto still = pending();
            if (still && still->generation == generation) {
                if (const auto reverted = take_back(*why); !reverted)
                    parts_.log.error("main", reverted.error().message);
            }
        }
        lock.lock();
    }
}

std::optional<std::string> Reloader::why_to_revert(const Trial& trial) const {
    if (read_clocks().unix_ns >= trial.pending.confirm_by_unix_ns) return "nobody confirmed it";
    if (!trial.pending.abort_if) return std::nullopt;
    std::uint64_t requests = 0, failures = 0;
    count(requests, failures);
    requests -= std::min(requests, trial.requests);
    failures -= std::min(failures, trial.failures);
    if (requests < kRequestsMin) return std::nullopt;
    const double share = static_cast<double>(failures) / static_cast<double>(requests);
    if (share <= *trial.pending.abort_if) return std::nullopt;
    return fmt::format("{} of {} requests failed since then", failures, requests);
}

void Reloader::count(std::uint64_t& requests, std::uint64_t& failures) const {
    for (const auto& counters : parts_.counters) {
        for (const observe::PoolCounters& pool : counters->pools) {
            for (const observe::Counter& responses : pool.responses_by_class)
                requests += responses.get();
            failures += pool.responses_by_class[0].get() + pool.responses_by_class[5].get();
        }
    }
}

}  // namespace ringway::control

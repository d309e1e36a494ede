#include "ringway/shard/crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "ringway/ring/kernel_ring.h"
#include "ringway/ring/listening_socket.h"

namespace ringway::shard {

namespace {

/// Signals are the main thread's; the thread is named for ps and top, and stays on its core.
void set_up_thread(std::uint16_t index, int cpu) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), ("shard-" + std::to_string(index)).c_str());
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

ring::KernelRingSettings ring_settings(const config::Shard& shard, ring::KernelFeatures features) {
    for (const std::string& name : shard.kernel_features_off) ring::switch_off(features, name);
    return {.entries = shard.ring_entries,
            .completion_entries = shard.completion_entries,
            .buffer_count = shard.buffer_count,
            .buffer_bytes = shard.buffer_bytes,
            .busy_poll = shard.busy_poll,
            .features = features};
}

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

/// 16 hexadecimal digits.
std::string random_name() { return fmt::format("{:016x}", random_seed()); }

}  // namespace

Crew::Crew(const config::Config& config, const ring::KernelFeatures& features,
           failover::Board& board, health::CheckStats& check_stats,
           const std::vector<std::unique_ptr<observe::ShardCounters>>& counters,
           const std::vector<observe::AccessRing*>& access_logs)
    : config_(config),
      features_(features),
      board_(board),
      check_stats_(check_stats),
      instance_id_(random_name()),
      counters_(counters),
      access_logs_(access_logs),
      connection_counts_(config.listeners.size()),
      members_(config.shards.size()) {}

Crew::~Crew() {
    stop();
    join();
}

std::expected<void, std::string> Crew::start() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
        members_[i].thread = std::thread([this, i] { run(static_cast<std::uint16_t>(i)); });
    }
    std::unique_lock lock(mutex_);
    reported_.wait(lock, [&] {
        return std::all_of(members_.begin(), members_.end(),
                           [](const Member& m) { return m.reported; });
    });
    for (const Member& member : members_) {
        if (!member.error.empty()) return std::unexpected(member.error);
    }
    return {};
}

void Crew::run(std::uint16_t index) {
    set_up_thread(index, config_.shards[index].cpu);
    const auto outcome = run_shard(index);
    {
        const std::lock_guard lock(mutex_);
        members_[index].shard = nullptr;
        members_[index].ended = true;
        members_[index].reported = true;
        if (!outcome) members_[index].error = outcome.error();
    }
    reported_.notify_all();
    if (on_ended != nullptr) on_ended();
}

std::expected<void, std::string> Crew::run_shard(std::uint16_t index) {
    const base::RcuReader reader;
    auto ring = ring::KernelRing::make(ring_settings(config_.shards[index], features_));
    if (!ring) return std::unexpected("shard " + std::to_string(index) + ": " + ring.error());
    std::vector<const observe::ShardCounters*> all_counters;
    for (const auto& counters : counters_) all_counters.push_back(counters.get());
    Shard shard({.index = index,
                 .ring = **ring,
                 .board = board_,
                 .check_stats = check_stats_,
                 .counters = *counters_[index],
                 .all_counters = std::move(all_counters),
                 .instance_id = instance_id_,
                 .access_log = access_logs_.empty() ? nullptr : access_logs_[index],
                 .unix_offset_ns = ring::read_unix_offset_ns(),
                 .seed = random_seed(),
                 .connection_counts = &connection_counts_});
    shard.start();
    report(index, &shard);
    bool going = true;
    while (going) {
        base::RcuReader::leave();
        shard.wait();
        base::RcuReader::enter();
        going = shard.work();
    }
    report(index, nullptr);
    return {};
}

void Crew::report(std::uint16_t index, Shard* shard) {
    {
        const std::lock_guard lock(mutex_);
        members_[index].shard = shard;
        if (shard != nullptr) members_[index].reported = true;
    }
    reported_.notify_all();
}

template <class Ask>
void Crew::ask_all(Ask&& ask) {
    const std::lock_guard lock(mutex_);
    for (Member& member : members_) {
        if (member.shard != nullptr) ask(*member.shard);
    }
}

std::expected<void, std::string> Crew::listen(std::uint16_t listener,
                                              const accept::ListenSockets& sockets) {
    std::vector<std::vector<ring::Descriptor>> parts;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        auto part = sockets.hand_out(listener, i);
        if (!part) {
            for (const auto& made : parts) std::ranges::for_each(made, ring::close_descriptor);
            return std::unexpected(part.error());
        }
        parts.push_back(std::move(*part));
    }
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i].shard == nullptr) {
            std::ranges::for_each(parts[i], ring::close_descriptor);
            continue;
        }
        members_[i].shard->request(
            [listener, part = std::move(parts[i])](Shard& shard) { shard.listen(listener, part); });
    }
    return {};
}

void Crew::close_listener(std::uint16_t listener) {
    ask_all([&](Shard& shard) {
        shard.request([listener](Shard& of) { of.close_listener(listener); });
    });
}

ShardMemory Crew::memory(base::Duration patience) {
    struct Gathered {
        std::mutex mutex;
        std::condition_variable changed;
        ShardMemory memory;
        std::size_t missing = 0;
    };
    const auto gathered = std::make_shared<Gathered>();
    ask_all([&](Shard& shard) {
        {
            const std::lock_guard lock(gathered->mutex);
            ++gathered->missing;
        }
        shard.request([gathered](Shard& of) {
            const ShardMemory own = of.memory();
            const std::lock_guard lock(gathered->mutex);
            gathered->memory.fold(own);
            --gathered->missing;
            gathered->changed.notify_all();
        });
    });
    std::unique_lock lock(gathered->mutex);
    gathered->changed.wait_for(lock, patience, [&] { return gathered->missing == 0; });
    return gathered->memory;
}

void Crew::restore(const ShardMemory& memory) {
    const ShardMemory part = memory.part_of(members_.size());
    ask_all([&](Shard& shard) { shard.request([part](Shard& of) { of.restore(part); }); });
}

void Crew::drain(base::Duration bound, base::Duration idle_grace) {
    ask_all([&](Shard& shard) { shard.request_drain(bound, idle_grace); });
}

void Crew::stop() {
    ask_all([](Shard& shard) { shard.request_stop(); });
}

bool Crew::ended() const {
    const std::lock_guard lock(mutex_);
    return std::all_of(members_.begin(), members_.end(), [](const Member& m) { return m.ended; });
}

bool Crew::alive() const {
    const std::lock_guard lock(mutex_);
    const base::Instant now = ring::read_clock();
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const bool runs = members_[i].shard != nullptr;
        if (runs && board_.is_stalled(static_cast<std::uint16_t>(i), now)) return false;
    }
    return true;
}

void Crew::join() {
    for (Member& member : members_) {
        if (member.thread.joinable()) member.thread.join();
    }
}

}  // namespace ringway::shard

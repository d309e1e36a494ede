// The resolver's thread and the look-up threads. Names belong to the caller of first_view(),
// then to the thread; what the look-up threads touch is in Desk, which outlives the
// Resolver for as long as one of them is at work.
#include "ringway/control/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "ringway/base/limits.h"
#include "ringway/base/published.h"
#include "ringway/failover/merge.h"
#include "ringway/ring/kernel_ring.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWorkersMax = 8;
constexpr std::chrono::seconds kRetryPeriod(5);  // after a failure
constexpr std::chrono::seconds kPeriodMin(1);

/// Orders and compares answers, which arrive in any order.
std::vector<std::string> sorted_texts(const std::vector<base::SocketAddress>& addresses) {
    std::vector<std::string> texts;
    for (const auto& address : addresses) texts.push_back(address.text());
    std::ranges::sort(texts);
    return texts;
}

/// Drops repetitions and keeps at most kAddressesPerUpstreamMax. The order of the answer is kept
/// where it can be: from a longer answer, always the same addresses are taken, whatever order the
/// name server rotated it to.
std::vector<base::SocketAddress> tidy(const std::vector<base::SocketAddress>& addresses) {
    std::vector<base::SocketAddress> unique;
    for (const auto& address : addresses) {
        if (std::ranges::find(unique, address) == unique.end()) unique.push_back(address);
    }
    if (unique.size() > base::kAddressesPerUpstreamMax) {
        std::ranges::sort(unique, {},
                          [](const base::SocketAddress& address) { return address.text(); });
        unique.resize(base::kAddressesPerUpstreamMax);
    }
    return unique;
}

base::SocketAddress with_port(const base::SocketAddress& address, std::uint16_t port) {
    sockaddr_storage storage{};
    std::memcpy(&storage, address.raw(), address.raw_size());
    if (address.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof(v4));
        v4.sin_port = htons(port);
        std::memcpy(&storage, &v4, sizeof(v4));
    } else if (address.family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof(v6));
        v6.sin6_port = htons(port);
        std::memcpy(&storage, &v6, sizeof(v6));
    }
    return base::SocketAddress::from_kernel(reinterpret_cast<const sockaddr*>(&storage),
                                            address.raw_size());
}

/// Where the resolver and the look-up threads meet. All members but the counts are under the mutex.
struct Desk {
    explicit Desk(Lookup with) : lookup(std::move(with)) {}

    std::mutex mutex;
    std::condition_variable work_came, answer_came;
    std::deque<std::pair<std::size_t, std::string>> work;  // name index, host
    std::vector<std::pair<std::size_t, LookupAnswer>> answers;
    bool closed = false;
    const Lookup lookup;
    std::atomic<std::uint64_t> lookups{0};
    std::atomic<std::uint64_t> failures{0};

    static void serve(const std::shared_ptr<Desk>& desk) {
        set_up_thread("rw-lookup");
        std::unique_lock lock(desk->mutex);
        while (true) {
            desk->work_came.wait(lock, [&] { return desk->closed || !desk->work.empty(); });
            if (desk->closed) return;
            const auto [name, host] = std::move(desk->work.front());
            desk->work.pop_front();
            lock.unlock();
            LookupAnswer answer = desk->lookup(host);
            desk->lookups.fetch_add(1, std::memory_order_relaxed);
            if (!answer) desk->failures.fetch_add(1, std::memory_order_relaxed);
            lock.lock();
            desk->answers.emplace_back(name, std::move(answer));
            desk->answer_came.notify_one();
        }
    }
};

/// One host, looked up once for all upstreams that it serves.
struct Name {
    std::string host;
    base::Duration period{0};
    struct Place {
        std::size_t pool, upstream;
        std::uint16_t port;
    };
    std::vector<Place> places;
    std::vector<base::SocketAddress> addresses;  // the last good answer
    bool failing = false;                        // true exactly when the last answer was a failure
    bool in_flight = false;
    Clock::time_point due{};
};

}  // namespace

struct Resolver::Machine {
    Machine(std::shared_ptr<const config::Config> of, Log& to, Lookup with)
        : config(std::move(of)), log(to), desk(std::make_shared<Desk>(std::move(with))) {
        collect_names();
    }
    ~Machine() { close(); }

    void close();
    void collect_names();
    void take_over(const Machine& before);
    void look_up_new(base::Duration bound);
    void ask(std::size_t name);
    void ask_due(Clock::time_point now);
    bool take_answers(std::vector<std::pair<std::size_t, LookupAnswer>> answers,
                      Clock::time_point now);
    bool take_answer(Name& name, LookupAnswer answer, Clock::time_point now);
    failover::Addresses addresses() const;
    void publish(failover::Board& board) const;
    void run(failover::Board& board);

    const std::shared_ptr<const config::Config> config;
    Log& log;
    const std::shared_ptr<Desk> desk;
    std::vector<Name> names;
    mutable std::mutex known_mutex;  // of the addresses in `names`, which another machine copies
    bool has_first_view = false;     // true exactly when first_view() has returned one
    std::thread thread;
};

LookupAnswer system_lookup(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    int result = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (result == EAI_NONAME || result == EAI_ADDRFAMILY || result == EAI_NODATA) {
        // AI_ADDRCONFIG does not count the loopback interface: "localhost" needs a second look on a
        // machine with no network.
        hints.ai_flags = 0;
        result = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    }
    if (result == EAI_SYSTEM) return std::unexpected(with_errno("system error", errno));
    if (result != 0) return std::unexpected(std::string(gai_strerror(result)));
    std::vector<base::SocketAddress> addresses;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
        addresses.push_back(base::SocketAddress::from_kernel(entry->ai_addr, entry->ai_addrlen));
    }
    freeaddrinfo(list);
    if (addresses.empty()) return std::unexpected(std::string("the name has no address"));
    return addresses;
}

Resolver::Resolver(std::shared_ptr<const config::Config> config, Log& log, Lookup lookup)
    : machine_(std::make_unique<Machine>(std::move(config), log, std::move(lookup))) {}

Resolver::~Resolver() { stop(); }

std::unique_ptr<const cluster::View> Resolver::first_view(base::Duration bound) {
    machine_->look_up_new(bound);
    return failover::first_view(machine_->config, machine_->addresses(), ring::read_clock());
}

failover::Addresses Resolver::prepare(std::shared_ptr<const config::Config> next,
                                      base::Duration bound) {
    prepared_ = std::make_unique<Machine>(std::move(next), machine_->log, machine_->desk->lookup);
    prepared_->take_over(*machine_);
    prepared_->look_up_new(bound);
    return prepared_->addresses();
}

void Resolver::adopt(failover::Board& board) {
    RW_ASSERT(prepared_ != nullptr);
    stop();
    prepared_->desk->lookups += machine_->desk->lookups;
    prepared_->desk->failures += machine_->desk->failures;
    {
        const std::lock_guard lock(mutex_);
        machine_ = std::move(prepared_);
    }
    start(board);
}

/// What is known of the names that both have.
void Resolver::Machine::take_over(const Machine& before) {
    for (Name& name : names) {
        const std::lock_guard lock(before.known_mutex);
        const auto known = std::ranges::find(before.names, name.host, &Name::host);
        if (known != before.names.end()) name.addresses = known->addresses;
    }
}

/// Asks for the names without an address.
void Resolver::Machine::look_up_new(base::Duration bound) {
    for (std::size_t i = 0; i < std::min(names.size(), kWorkersMax); ++i) {
        std::thread([desk = desk] { Desk::serve(desk); }).detach();
    }
    const auto end = Clock::now() + bound;
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!names[i].addresses.empty()) continue;
        ask(i);
        ++waiting;
    }
    while (waiting > 0) {
        std::vector<std::pair<std::size_t, LookupAnswer>> answers;
        {
            std::unique_lock lock(desk->mutex);
            const auto came = [&] { return !desk->answers.empty(); };
            if (!desk->answer_came.wait_until(lock, end, came)) break;
            answers.swap(desk->answers);
        }
        waiting -= answers.size();
        take_answers(std::move(answers), Clock::now());
    }
    for (const Name& name : names) {
        if (!name.in_flight) continue;
        log.warn("resolver", "no answer yet for " + name.host + "; its upstreams wait for it",
                 {{.key = "host", .value = name.host, .names = true, .told = true}});
    }
    has_first_view = true;
}

void Resolver::start(failover::Board& board) {
    if (machine_->names.empty()) return;
    machine_->thread = std::thread([this, &board] { machine_->run(board); });
}

void Resolver::stop() { machine_->close(); }

void Resolver::Machine::close() {
    {
        const std::lock_guard lock(desk->mutex);
        desk->closed = true;
        desk->work_came.notify_all();
        desk->answer_came.notify_all();
    }
    if (thread.joinable()) thread.join();
}

Resolver::Counts Resolver::counts() const {
    const std::lock_guard lock(mutex_);
    return {machine_->desk->lookups.load(std::memory_order_relaxed),
            machine_->desk->failures.load(std::memory_order_relaxed)};
}

void Resolver::Machine::collect_names() {
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < config->pools.size(); ++i) {
        const config::Pool& pool = config->pools[i];
        const base::Duration period = std::max<base::Duration>(pool.resolve_period, kPeriodMin);
        for (std::size_t k = 0; k < pool.upstreams.size(); ++k) {
            const config::Upstream& upstream = pool.upstreams[k];
            if (upstream.literal || upstream.retired || pool.retired) continue;
            const auto [found, is_new] = known.emplace(upstream.host, names.size());
            if (is_new) names.push_back(Name{.host = upstream.host, .period = period});
            Name& name = names[found->second];
            name.period = std::min(name.period, period);
            name.places.push_back({i, k, upstream.port});
        }
    }
}

void Resolver::Machine::ask(std::size_t name) {
    names[name].in_flight = true;
    const std::lock_guard lock(desk->mutex);
    desk->work.emplace_back(name, names[name].host);
    desk->work_came.notify_one();
}

void Resolver::Machine::ask_due(Clock::time_point now) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!names[i].in_flight && names[i].due <= now) ask(i);
    }
}

/// True when an address changed.
bool Resolver::Machine::take_answers(std::vector<std::pair<std::size_t, LookupAnswer>> answers,
                                     Clock::time_point now) {
    bool changed = false;
    for (auto& [name, answer] : answers) {
        if (take_answer(names[name], std::move(answer), now)) changed = true;
    }
    return changed;
}

bool Resolver::Machine::take_answer(Name& name, LookupAnswer answer, Clock::time_point now) {
    name.in_flight = false;
    if (answer && answer->empty()) answer = std::unexpected(std::string("the name has no address"));
    if (!answer) {
        name.due = now + std::min<base::Duration>(name.period, kRetryPeriod);
        if (!name.failing) {
            const bool known = !name.addresses.empty();
            log.warn("resolver",
                     "cannot resolve " + name.host + " (" + answer.error() + "); " +
                         (known ? "its last addresses stay in use" : "its upstreams wait for it"),
                     {{.key = "host", .value = name.host, .names = true, .told = true}});
        }
        name.failing = true;
        return false;
    }
    name.due = now + name.period;
    if (name.failing)
        log.info("resolver", name.host + " resolves again",
                 {{.key = "host", .value = name.host, .names = true, .told = true}});
    name.failing = false;
    auto addresses = tidy(*answer);
    if (sorted_texts(addresses) == sorted_texts(name.addresses)) return false;
    {
        const std::lock_guard lock(known_mutex);
        name.addresses = std::move(addresses);
    }
    if (has_first_view)
        log.info("resolver", name.host + " has new addresses",
                 {{.key = "host", .value = name.host, .names = true, .told = true}});
    return true;
}

failover::Addresses Resolver::Machine::addresses() const {
    failover::Addresses resolved(config->pools.size());
    for (std::size_t i = 0; i < resolved.size(); ++i)
        resolved[i].resize(config->pools[i].upstreams.size());
    for (const Name& name : names) {
        for (const auto& place : name.places) {
            for (const auto& address : name.addresses) {
                resolved[place.pool][place.upstream].push_back(with_port(address, place.port));
            }
        }
    }
    return resolved;
}

void Resolver::Machine::publish(failover::Board& board) const {
    const base::Instant now = ring::read_clock();
    const failover::Teller teller{.shard = board.shard_count(), .now = now};
    const failover::Addresses known = addresses();
    // A reader for this moment only: the thread sleeps most of the time.
    const base::RcuReader reader;
    board.change(teller, [&](const cluster::View& view) {
        return failover::set_addresses(view, known, now);
    });
}

void Resolver::Machine::run(failover::Board& board) {
    set_up_thread("rw-resolver");
    while (true) {
        const auto now = Clock::now();
        ask_due(now);
        auto next_due = now + std::chrono::hours(1);
        for (const Name& name : names) {
            if (!name.in_flight) next_due = std::min(next_due, name.due);
        }
        std::vector<std::pair<std::size_t, LookupAnswer>> answers;
        {
            std::unique_lock lock(desk->mutex);
            desk->answer_came.wait_until(lock, next_due,
                                         [this] { return desk->closed || !desk->answers.empty(); });
            if (desk->closed) return;
            answers.swap(desk->answers);
        }
        if (take_answers(std::move(answers), Clock::now())) publish(board);
    }
}

}  // namespace ringway::control

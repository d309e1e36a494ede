#include "top/sampler.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "ringway/base/assert.h"

namespace ringctl {

namespace {

constexpr std::chrono::milliseconds kTimeoutMin{2000};

}  // namespace

std::string Pages::json() const {
    const auto trimmed = [](std::string_view page) {
        while (page.ends_with('\n')) page.remove_suffix(1);
        return page;
    };
    return fmt::format(R"({{"status":{},"shards":{},"pools":{},"upstreams":{}}})", trimmed(status),
                       trimmed(shards), trimmed(pools), trimmed(upstreams));
}

Result<Pages> fetch_pages(Client& client, std::chrono::milliseconds timeout) {
    Pages pages;
    const std::pair<const char*, std::string*> wanted[] = {{"/status", &pages.status},
                                                           {"/shards", &pages.shards},
                                                           {"/pools", &pages.pools},
                                                           {"/upstreams", &pages.upstreams}};
    for (const auto& [target, page] : wanted) {
        auto reply = client.ask({.target = target, .body = {}, .timeout = timeout});
        if (!reply) return std::unexpected(std::move(reply.error()));
        *page = std::move(reply->body);
    }
    return pages;
}

Result<Reading> parse_pages(const Pages& pages) {
    Reading reading;
    reading.at = Rates::Clock::now();
    const std::pair<const std::string*, Document*> wanted[] = {
        {&pages.status, &reading.status},
        {&pages.shards, &reading.shards},
        {&pages.pools, &reading.pools},
        {&pages.upstreams, &reading.upstreams}};
    for (const auto& [text, document] : wanted) {
        auto parsed = Document::parse(*text);
        if (!parsed) return std::unexpected(Failure{.message = parsed.error()});
        *document = std::move(*parsed);
    }
    return reading;
}

Sampler::Sampler(Client& client, std::chrono::milliseconds interval)
    : client_(client), interval_(interval), ready_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    RW_ASSERT(ready_ >= 0);
    thread_ = std::thread([this] { work(); });
}

Sampler::~Sampler() {
    client_.stop();
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    stopping_.notify_all();
    thread_.join();
    ::close(ready_);
}

void Sampler::work() {
    auto due = Rates::Clock::now();
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        lock.unlock();
        const auto pages = fetch_pages(client_, std::max(interval_, kTimeoutMin));
        Result<Reading> reading = pages ? parse_pages(*pages) : std::unexpected(pages.error());
        lock.lock();
        last_ = std::move(reading);
        const std::uint64_t one = 1;
        (void)!::write(ready_, &one, sizeof one);  // full only when it is readable already
        due = std::max(due + interval_, Rates::Clock::now());
        stopping_.wait_until(lock, due, [this] { return stopped_; });
    }
}

std::optional<Result<Reading>> Sampler::take() {
    std::uint64_t count = 0;
    (void)!::read(ready_, &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(last_, std::nullopt);
}

}  // namespace ringctl

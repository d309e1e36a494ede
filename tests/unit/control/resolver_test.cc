#include "ringway/control/resolver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "temporary.h"

namespace ringway::control {
namespace {

using base::SocketAddress;
using std::chrono::milliseconds;
using std::chrono::seconds;

SocketAddress ip(const std::string& text) { return *SocketAddress::from_ip(text, 0); }

config::Upstream named(const std::string& host, std::uint16_t port) {
    config::Upstream upstream;
    upstream.name = host;
    upstream.host = host;
    upstream.port = port;
    return upstream;
}

config::Upstream literal(const std::string& address) {
    config::Upstream upstream;
    upstream.name = address;
    upstream.literal = SocketAddress::parse(address);
    return upstream;
}

/// A name server of a test: answers by host, and can be made to wait. Shared with look-ups that
/// outlive a Resolver.
struct Names {
    void set(const std::string& host, LookupAnswer answer) {
        const std::lock_guard lock(mutex);
        answers.insert_or_assign(host, std::move(answer));
    }
    void hold(const std::string& host, bool on) {
        const std::lock_guard lock(mutex);
        held[host] = on;
        released.notify_all();
    }
    int asked(const std::string& host) {
        const std::lock_guard lock(mutex);
        return times[host];
    }
    static Lookup lookup(const std::shared_ptr<Names>& names) {
        return [names](const std::string& host) -> LookupAnswer {
            std::unique_lock lock(names->mutex);
            ++names->times[host];
            names->released.wait(lock, [&] { return !names->held[host]; });
            const auto found = names->answers.find(host);
            if (found == names->answers.end()) return std::unexpected(std::string("unknown host"));
            return found->second;
        };
    }
    std::mutex mutex;
    std::condition_variable released;
    std::map<std::string, LookupAnswer> answers;
    std::map<std::string, bool> held;
    std::map<std::string, int> times;
};

struct Scene {
    Scene() {
        descriptor = open(folder.at("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        log = std::make_unique<Log>(LogLevel::debug, descriptor);
        config.pools.resize(2);
        config.pools[0].name = "api";
        config.pools[0].resolve_period = seconds(1);
        config.pools[1].name = "files";
    }
    ~Scene() { close(descriptor); }
    std::size_t said(const std::string& words) const {
        const std::string text = content_of(folder.at("log"));
        std::size_t times = 0;
        for (std::size_t at = text.find(words); at != std::string::npos;
             at = text.find(words, at + 1))
            ++times;
        return times;
    }
    TemporaryFolder folder;
    int descriptor = -1;
    std::unique_ptr<Log> log;
    config::Config config;
    std::shared_ptr<Names> names = std::make_shared<Names>();
};

/// A copy of the published view; the test thread is a reader only while it copies.
cluster::View read(const failover::Board& board) {
    const base::RcuReader reader;
    return *board.read();
}

TEST(system_lookup, knows_localhost_and_says_why_it_knows_no_other) {
    const auto found = system_lookup("localhost");
    ASSERT_TRUE(found) << found.error();
    bool loopback = false;
    for (const auto& address : *found)
        loopback =
            loopback || address.ip() == ip("127.0.0.1").ip() || address.ip() == ip("::1").ip();
    EXPECT_TRUE(loopback);
    const auto missing = system_lookup("no-such-host.invalid");  // RFC 6761 6.4
    ASSERT_FALSE(missing);
    EXPECT_FALSE(missing.error().empty());
}

TEST(resolver, the_first_view_has_every_port_and_one_look_up_a_name) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("a", 80), named("b", 81), literal("10.9.9.9:1")};
    scene.config.pools[1].upstreams = {named("a", 8080), named("unknown", 1)};
    scene.names->set("a", {{ip("10.0.0.1"), ip("10.0.0.1"), ip("2001:db8::1")}});
    scene.names->set("b", {{ip("10.0.0.2")}});
    Resolver resolver(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    const auto view = resolver.first_view(seconds(3));
    EXPECT_EQ(view->pools[0]->upstreams[0].addresses,
              (std::vector{*SocketAddress::parse("10.0.0.1:80"),
                           *SocketAddress::parse("[2001:db8::1]:80")}));
    EXPECT_EQ(view->pools[0]->upstreams[1].addresses,
              (std::vector{*SocketAddress::parse("10.0.0.2:81")}));
    EXPECT_EQ(view->pools[0]->upstreams[2].addresses,
              (std::vector{*SocketAddress::parse("10.9.9.9:1")}));
    EXPECT_EQ(view->pools[1]->upstreams[0].addresses[0], *SocketAddress::parse("10.0.0.1:8080"));
    EXPECT_FALSE(view->pools[1]->upstreams[1].eligible);
    EXPECT_EQ(scene.names->asked("a"), 1);
    EXPECT_EQ(resolver.counts().lookups, 3u);
    EXPECT_EQ(resolver.counts().failures, 1u);
    EXPECT_EQ(scene.said("cannot resolve unknown (unknown host)"), 1u);
}

TEST(resolver, the_first_view_does_not_wait_longer_than_its_bound) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("slow", 80), named("fast", 80)};
    scene.names->set("slow", {{ip("10.0.0.1")}});
    scene.names->set("fast", {{ip("10.0.0.2")}});
    scene.names->hold("slow", true);
    Resolver resolver(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    const auto begin = std::chrono::steady_clock::now();
    failover::Board board(resolver.first_view(milliseconds(200)));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(1));
    EXPECT_FALSE(read(board).pools[0]->upstreams[0].eligible);
    EXPECT_TRUE(read(board).pools[0]->upstreams[1].eligible);
    // The late answer is published when it comes, not a period later.
    resolver.start(board);
    scene.names->hold("slow", false);
    EXPECT_TRUE(eventually([&] { return read(board).pools[0]->upstreams[0].eligible; }));
    EXPECT_EQ(scene.names->asked("slow"), 1);
}

TEST(resolver, a_changed_answer_is_published_and_a_rotated_one_is_not) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("a", 80)};
    scene.config.pools[1].upstreams = {literal("10.9.9.9:1")};
    scene.names->set("a", {{ip("10.0.0.1"), ip("10.0.0.2")}});
    Resolver resolver(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    failover::Board board(resolver.first_view(seconds(3)));
    resolver.start(board);
    scene.names->set("a", {{ip("10.0.0.2"), ip("10.0.0.1")}});
    const int before = scene.names->asked("a");
    ASSERT_TRUE(eventually([&] { return scene.names->asked("a") >= before + 2; }));
    EXPECT_EQ(read(board).version, 1u);
    scene.names->set("a", {{ip("10.0.0.3")}});
    ASSERT_TRUE(eventually([&] { return read(board).version == 2; }));
    const cluster::View now = read(board);
    EXPECT_EQ(now.pools[0]->upstreams[0].addresses,
              (std::vector{*SocketAddress::parse("10.0.0.3:80")}));
    EXPECT_EQ(now.pools[0]->version, 2u);
    EXPECT_EQ(now.pools[1]->version, 1u);
}

TEST(resolver, a_failure_keeps_the_last_answer_and_is_told_once) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("a", 80)};
    scene.names->set("a", {{ip("10.0.0.1")}});
    Resolver resolver(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    failover::Board board(resolver.first_view(seconds(3)));
    resolver.start(board);
    scene.names->set("a", std::unexpected(std::string("server failure")));
    ASSERT_TRUE(eventually([&] { return resolver.counts().failures >= 2; }));
    EXPECT_TRUE(read(board).pools[0]->upstreams[0].eligible);
    EXPECT_EQ(read(board).version, 1u);
    EXPECT_EQ(scene.said("cannot resolve a (server failure); its last addresses stay in use"), 1u);
    scene.names->set("a", {{ip("10.0.0.1")}});
    ASSERT_TRUE(eventually([&] { return scene.said("a resolves again") == 1; }));
    EXPECT_EQ(read(board).version, 1u);
}

TEST(resolver, an_answer_without_addresses_is_a_failure) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("a", 80)};
    scene.names->set("a", std::vector<SocketAddress>{});
    Resolver resolver(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    EXPECT_FALSE(resolver.first_view(seconds(3))->pools[0]->upstreams[0].eligible);
    EXPECT_EQ(scene.said("the name has no address"), 1u);
}

TEST(resolver, of_many_addresses_the_same_16_are_kept_in_any_order) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("a", 80)};
    std::vector<SocketAddress> many;
    for (int i = 0; i < 40; ++i) many.push_back(ip("10.0.0." + std::to_string(i)));
    scene.names->set("a", many);
    Resolver first(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    const auto before = first.first_view(seconds(3));
    EXPECT_EQ(before->pools[0]->upstreams[0].addresses.size(), base::kAddressesPerUpstreamMax);
    std::ranges::reverse(many);
    scene.names->set("a", many);
    Resolver second(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
    EXPECT_EQ(second.first_view(seconds(3))->pools[0]->upstreams[0].addresses,
              before->pools[0]->upstreams[0].addresses);
}

TEST(resolver, stop_does_not_wait_for_a_look_up_in_flight) {
    Scene scene;
    scene.config.pools[0].upstreams = {named("stuck", 80)};
    scene.names->hold("stuck", true);
    {
        Resolver resolver(config::borrow(scene.config), *scene.log, Names::lookup(scene.names));
        failover::Board board(resolver.first_view(milliseconds(10)));
        resolver.start(board);
        const auto begin = std::chrono::steady_clock::now();
        resolver.stop();
        EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(1));
    }
    scene.names->hold("stuck", false);
}

}  // namespace
}  // namespace ringway::control

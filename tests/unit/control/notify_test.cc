// What the service manager hears, on a real socket of its kind.
#include "ringway/control/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <vector>

#include "ringway/base/socket_address.h"
#include "temporary.h"

namespace ringway::control {
namespace {

using std::chrono::milliseconds;

/// The manager's end of NOTIFY_SOCKET.
class Manager {
 public:
    explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        const auto address = base::SocketAddress::parse("unix:" + name).value();
        EXPECT_EQ(::bind(socket_, address.raw(), address.raw_size()), 0);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager() { ::close(socket_); }

    /// The next message; "" when none is there.
    std::string next() const {
        char text[1024];
        const ssize_t size = ::recv(socket_, text, sizeof(text), MSG_DONTWAIT);
        return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "";
    }

 private:
    int socket_;
};

/// Environment variables for one test.
class Environment {
 public:
    void set(const char* name, const std::string& value) {
        names_.emplace_back(name);
        setenv(name, value.c_str(), 1);
    }
    ~Environment() {
        for (const std::string& name : names_) unsetenv(name.c_str());
    }

 private:
    std::vector<std::string> names_;
};

TEST(notifier, tells_each_state_in_the_manager_s_words) {
    const TemporaryFolder folder;
    const Manager manager(folder.at("notify"));
    const Notifier notifier(folder.at("notify"));
    notifier.ready("serving\n2 listeners");
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=serving 2 listeners");
    notifier.reloading(base::Instant(std::chrono::nanoseconds(5'000'001'999)));
    EXPECT_EQ(manager.next(), "RELOADING=1\nMONOTONIC_USEC=5000001");
    notifier.stopping("draining");
    EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=draining");
    notifier.main_pid(4711, "serving");
    EXPECT_EQ(manager.next(), "MAINPID=4711\nREADY=1\nSTATUS=serving");
    notifier.watchdog();
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
    notifier.status("serving; it\nfailed");
    EXPECT_EQ(manager.next(), "STATUS=serving; it failed");
}

TEST(notifier, finds_abstract_sockets_and_is_silent_without_one) {
    const std::string name = "@ringway-notify-" + std::to_string(getpid());
    const Manager manager(name);
    Environment environment;
    environment.set("NOTIFY_SOCKET", name);
    EXPECT_TRUE(Notifier::from_environment().heard());
    Notifier::from_environment().watchdog();
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
    EXPECT_FALSE(Notifier("").heard());
    Notifier("").watchdog();
    Notifier("/nowhere/at/all").watchdog();
    EXPECT_EQ(manager.next(), "");
}

TEST(watchdog, is_due_at_half_the_time_that_the_manager_asks_for) {
    EXPECT_EQ(watchdog_period_from_environment(), base::Duration{});
    Environment environment;
    environment.set("WATCHDOG_USEC", "3000000");
    EXPECT_EQ(watchdog_period_from_environment(), milliseconds(1500));
    environment.set("WATCHDOG_PID", std::to_string(getpid()));
    EXPECT_EQ(watchdog_period_from_environment(), milliseconds(1500));
    environment.set("WATCHDOG_PID", std::to_string(getpid() + 1));
    EXPECT_EQ(watchdog_period_from_environment(), base::Duration{});
    environment.set("WATCHDOG_PID", "");
    for (const char* text : {"", "soon", "0", "-1", "1s"}) {
        environment.set("WATCHDOG_USEC", text);
        EXPECT_EQ(watchdog_period_from_environment(), base::Duration{}) << text;
    }
    environment.set("WATCHDOG_USEC", "18446744073709551615");
    EXPECT_EQ(watchdog_period_from_environment(), std::chrono::hours(12));
}

TEST(watchdog, speaks_only_while_all_is_well) {
    const TemporaryFolder folder;
    const Manager manager(folder.at("notify"));
    const Notifier notifier(folder.at("notify"));
    std::atomic<bool> well{true};
    std::atomic<int> asked{0};
    Watchdog watchdog(notifier, milliseconds(5), [&] {
        ++asked;
        return well.load();
    });
    watchdog.start();
    EXPECT_TRUE(eventually([&] { return manager.next() == "WATCHDOG=1"; }));
    well = false;
    const int before = asked;
    EXPECT_TRUE(eventually([&] { return asked > before + 1; }));
    while (!manager.next().empty()) {
    }
    const int then = asked;
    EXPECT_TRUE(eventually([&] { return asked > then + 3; }));
    EXPECT_EQ(manager.next(), "");
    well = true;
    EXPECT_TRUE(eventually([&] { return manager.next() == "WATCHDOG=1"; }));
    watchdog.stop();
    const int last = asked;
    std::this_thread::sleep_for(milliseconds(30));
    EXPECT_EQ(asked, last);
}

TEST(watchdog, does_not_start_unless_asked_for) {
    const Notifier nobody("");
    int asked = 0;
    Watchdog silent(nobody, milliseconds(1), [&] { return ++asked > 0; });
    silent.start();
    const TemporaryFolder folder;
    const Manager manager(folder.at("notify"));
    const Notifier notifier(folder.at("notify"));
    Watchdog never(notifier, {}, [&] { return ++asked > 0; });
    never.start();
    std::this_thread::sleep_for(milliseconds(20));
    silent.stop();
    never.stop();
    EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace ringway::control

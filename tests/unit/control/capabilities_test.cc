#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "../config/config_text.h"
#include "in_child.h"
#include "ringway/config/load.h"
#include "ringway/control/privileges.h"

namespace ringway::control {
namespace {

constexpr Capabilities kBind = Capabilities{1} << CAP_NET_BIND_SERVICE;

config::Config listening_on(const std::string& address, const std::string& more = "") {
    const auto config = config::parse(more + "[[listener]]\nname = \"l\"\naddress = \"" + address +
                                          "\"\n[[route]]\nrespond = { body = \"x\" }\n",
                                      "f", config::Machine{{0}});
    EXPECT_TRUE(config);
    return config ? *config : config::Config{};
}

Capabilities own_capabilities(const std::string& set) {
    return std::stoull(own_status(set), nullptr, 16);
}

TEST(capabilities, binding_is_needed_exactly_for_ports_below_1024) {
    const auto needs_bind = [](const std::string& address, const std::string& more = "") {
        return (capabilities_needed(listening_on(address, more)) & kBind) != 0;
    };
    EXPECT_TRUE(needs_bind("0.0.0.0:80"));
    EXPECT_TRUE(needs_bind("[::]:1023"));
    EXPECT_FALSE(needs_bind("0.0.0.0:1024"));
    EXPECT_FALSE(needs_bind("unix:/run/x"));
    EXPECT_TRUE(needs_bind("0.0.0.0:8080", "[admin]\nlisten = \"127.0.0.1:99\"\n"));
}

TEST(capabilities, somebody_who_is_to_become_a_user_keeps_nothing_else) {
    const auto config = listening_on("0.0.0.0:80", "[process]\nuser = \"nobody\"\n");
    EXPECT_EQ(capabilities_needed(config), kBind);
}

TEST(capabilities, a_user_that_binds_low_ports_may_do_that_alone) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    config::Process process;
    process.user = "nobody";
    EXPECT_TRUE(in_child([&] {
        if (!bound_privileges(process, kBind)) return false;
        std::atomic<bool> dropped{false};
        std::atomic<Capabilities> of_other{~Capabilities{0}};
        std::thread other([&] {
            while (!dropped) std::this_thread::yield();
            of_other = own_capabilities("CapPrm");
        });
        const bool ok = drop_privileges(process, kBind).has_value();
        dropped = true;
        other.join();
        Capabilities of_next = 0;
        std::thread([&] { of_next = own_capabilities("CapEff"); }).join();
        return ok && of_other == 0 && of_next == kBind && own_capabilities("CapEff") == kBind &&
               own_capabilities("CapPrm") == kBind && own_capabilities("CapBnd") == kBind &&
               own_capabilities("CapAmb") == kBind && own_status("NoNewPrivs") == "1" &&
               prctl(PR_GET_DUMPABLE) == 0;
    }));
}

TEST(capabilities, without_low_ports_none_is_left) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    config::Process process;
    process.user = "nobody";
    process.core_dumps = true;
    EXPECT_TRUE(in_child([&] {
        if (!bound_privileges(process, 0)) return false;
        if (own_capabilities("CapBnd") != 0) return false;
        if (!drop_privileges(process, 0)) return false;
        return own_capabilities("CapPrm") == 0 && own_capabilities("CapEff") == 0 &&
               own_capabilities("CapInh") == 0 && own_capabilities("CapAmb") == 0 &&
               prctl(PR_GET_DUMPABLE) == 1;
    }));
}

TEST(capabilities, root_that_stays_root_is_bounded_too) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    EXPECT_TRUE(in_child([] {
        // as far as this root has it: containers leave root without some
        const Capabilities needed = capabilities_needed(listening_on("127.0.0.1:8080")) &
                                    own_capabilities("CapPrm") & own_capabilities("CapBnd");
        if (!bound_privileges({}, needed) || !drop_privileges({}, needed)) return false;
        // what it keeps lets it write the logs of others, and neither trace nor mount
        return own_capabilities("CapEff") == needed && own_capabilities("CapBnd") == needed &&
               (needed & Capabilities{1} << CAP_SYS_ADMIN) == 0 &&
               (needed & Capabilities{1} << CAP_DAC_OVERRIDE) != 0;
    }));
}

TEST(capabilities, an_unprivileged_start_is_bounded_as_well) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    config::Process process;
    process.user = "nobody";
    EXPECT_TRUE(in_child([&] {
        // as systemd starts it: another user, with the ambient capability
        if (!drop_privileges(process, kBind) || own_capabilities("CapAmb") != kBind) return false;
        if (!bound_privileges({}, 0)) return false;
        return own_capabilities("CapPrm") == 0 && own_capabilities("CapAmb") == 0;
    }));
}

}  // namespace
}  // namespace ringway::control

#include "ringway/control/privileges.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <atomic>

#include "in_child.h"
#include "temporary.h"

namespace ringway::control {
namespace {

TEST(privileges, empty_names_change_nothing) {
    const uid_t before = geteuid();
    EXPECT_TRUE(drop_privileges({}, 0));
    EXPECT_EQ(geteuid(), before);
}

TEST(privileges, unknown_names_are_errors_that_name_the_key) {
    config::Process process;
    process.user = "no-such-user-of-ringway";
    auto dropped = drop_privileges(process, 0);
    ASSERT_FALSE(dropped);
    EXPECT_EQ(dropped.error(), "process.user: there is no user \"no-such-user-of-ringway\"");
    process.user.clear();
    process.group = "no-such-group-of-ringway";
    dropped = drop_privileges(process, 0);
    ASSERT_FALSE(dropped);
    EXPECT_EQ(dropped.error(), "process.group: there is no group \"no-such-group-of-ringway\"");
}

TEST(privileges, root_becomes_the_user_for_good) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const passwd* nobody = getpwnam("nobody");
    ASSERT_NE(nobody, nullptr);
    const uid_t user = nobody->pw_uid;
    const gid_t group = nobody->pw_gid;
    EXPECT_TRUE(in_child([&] {
        const gid_t root_group = 0;
        if (setgroups(1, &root_group) != 0) return false;
        config::Process process;
        process.user = "nobody";
        if (!drop_privileges(process, 0)) return false;
        gid_t groups[64];
        const int count = getgroups(64, groups);
        for (int i = 0; i < count; ++i) {
            if (groups[i] == 0) return false;
        }
        return getuid() == user && geteuid() == user && getgid() == group && getegid() == group &&
               setuid(0) != 0 && setgid(0) != 0;
    }));
}

TEST(privileges, every_thread_is_switched) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    EXPECT_TRUE(in_child([] {
        std::atomic<bool> dropped{false};
        std::atomic<uid_t> seen{0};
        std::thread other([&] {
            while (!dropped) std::this_thread::yield();
            std::ifstream status("/proc/thread-self/status");
            for (std::string line; std::getline(status, line);) {
                if (line.starts_with("Uid:")) seen = static_cast<uid_t>(std::stoul(line.substr(4)));
            }
        });
        config::Process process;
        process.user = "nobody";
        const bool ok = drop_privileges(process, 0).has_value();
        dropped = true;
        other.join();
        return ok && seen == getuid() && seen != 0;
    }));
}

TEST(privileges, without_permission_it_is_an_error) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    EXPECT_TRUE(in_child([] {
        config::Process process;
        process.user = "nobody";
        if (!drop_privileges(process, 0)) return false;
        if (!drop_privileges(process, 0)) return false;  // that user already
        process.user = "root";
        return !drop_privileges(process, 0).has_value();
    }));
}

TEST(pid_file, names_the_process_and_goes_with_it) {
    TemporaryFolder folder;
    const std::string path = folder.at("ringway.pid");
    {
        const auto file = PidFile::write(path);
        ASSERT_TRUE(file);
        EXPECT_EQ(content_of(path), std::to_string(getpid()) + "\n");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(pid_file, replaces_an_old_one_and_spares_that_of_a_successor) {
    TemporaryFolder folder;
    const std::string path = folder.at("ringway.pid");
    {
        std::ofstream(path) << "999999999\n";
    }
    {
        auto file = PidFile::write(path);
        ASSERT_TRUE(file);
        PidFile moved = std::move(*file);
        EXPECT_EQ(content_of(path), std::to_string(getpid()) + "\n");
        std::ofstream(path) << "1\n";
    }
    EXPECT_EQ(content_of(path), "1\n");
}

TEST(pid_file, a_folder_that_is_missing_is_an_error_and_an_empty_path_no_file) {
    TemporaryFolder folder;
    const auto file = PidFile::write(folder.at("missing/ringway.pid"));
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().find("missing/ringway.pid: No such file"), std::string::npos)
        << file.error();
    EXPECT_TRUE(PidFile::write(""));
}

}  // namespace
}  // namespace ringway::control

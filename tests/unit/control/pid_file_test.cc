// The pid file passes from one process to the next; that of one process stands in privileges_test.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ringway/control/privileges.h"
#include "temporary.h"

namespace ringway::control {
namespace {

std::string own_line() { return std::to_string(getpid()) + "\n"; }

TEST(pid_file, of_a_successor_replaces_the_old_one_and_survives_it) {
    const TemporaryFolder folder;
    const std::string path = folder.at("pid");
    std::ofstream(path) << "1234567890\n";
    const int inherited = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    auto file = PidFile::write(path, inherited);
    ASSERT_TRUE(file) << file.error();
    EXPECT_EQ(content_of(path), own_line());
    EXPECT_GE(file->descriptor(), 0);
    EXPECT_NE(file->descriptor(), inherited);
    EXPECT_EQ(fcntl(inherited, F_GETFD), -1);  // the old file is of no use any more
}

/// As a user who may not write into the folder, as after the privileges were dropped.
template <class Check>
bool without_privileges(Check&& check) {
    const pid_t child = fork();
    if (child == 0) {
        const passwd* nobody = getpwnam("nobody");
        const bool dropped = nobody != nullptr && setuid(nobody->pw_uid) == 0;
        _exit(dropped && check() ? 0 : 1);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(pid_file, is_written_in_place_where_the_folder_is_closed) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const TemporaryFolder folder;
    const std::string path = folder.at("pid");
    chmod(folder.at("").c_str(), 0755);
    std::ofstream(path) << "12345678901234567890\n";
    const int inherited = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_TRUE(without_privileges([&] {
        const auto file = PidFile::write(path, inherited);
        return file && content_of(path) == own_line() && file->descriptor() == inherited;
    }));
    EXPECT_TRUE(without_privileges([&] { return !PidFile::write(path); }));
    close(inherited);
}

TEST(pid_file, is_not_written_where_another_file_has_its_place) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const TemporaryFolder folder;
    const std::string path = folder.at("pid");
    chmod(folder.at("").c_str(), 0755);
    std::ofstream(folder.at("other")) << "other\n";
    std::ofstream(path) << "1\n";
    const int inherited = open(folder.at("other").c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_TRUE(without_privileges([&] { return !PidFile::write(path, inherited); }));
    EXPECT_EQ(content_of(folder.at("other")), "other\n");
    EXPECT_EQ(content_of(path), "1\n");
    close(inherited);
}

}  // namespace
}  // namespace ringway::control

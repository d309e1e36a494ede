#include "ringway/ring/descriptor_table.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace ringway::ring {
namespace {

/// As proc(5) tells it: FDSize of /proc/self/status.
std::uint64_t table_size() {
    std::ifstream status("/proc/self/status");
    std::string word;
    std::uint64_t size = 0;
    while (status >> word) {
        if (word == "FDSize:") status >> size;
    }
    return size;
}

std::ptrdiff_t open_descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

// One test: a table never becomes smaller again.
TEST(DescriptorTable, HasRoomForWhatWasAskedForWithinTheLimit) {
    const std::uint64_t most = raise_descriptor_limit();
    const std::ptrdiff_t open = open_descriptors();
    ASSERT_LT(table_size(), 600u);
    reserve_descriptor_table(600);
    EXPECT_GE(table_size(), 600u);
    EXPECT_LT(table_size(), 2048u);
    EXPECT_EQ(open_descriptors(), open);
    reserve_descriptor_table(0);
    EXPECT_GE(table_size(), 600u);

    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(limit.rlim_cur, most);
    const rlim_t allowed = limit.rlim_cur;
    limit.rlim_cur = 1500;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    reserve_descriptor_table(1'000'000);
    EXPECT_GE(table_size(), 1500u);
    EXPECT_LE(table_size(), 4096u);
    limit.rlim_cur = allowed;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

}  // namespace
}  // namespace ringway::ring

#include "load/pace.h"

#include <gtest/gtest.h>

namespace ringload {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(pace, moves_as_many_bytes_a_second_as_asked) {
    for (const std::uint64_t rate : {1u, 3u, 7u, 19u, 20u, 21u, 64u, 1024u, 99'999u, 1u << 30}) {
        const Pace pace(rate);
        const double per_s =
            static_cast<double>(pace.bytes()) * 1e9 / static_cast<double>(pace.tick().count());
        const double wanted = rate > 1'000'000'000 ? 1e9 : static_cast<double>(rate);
        EXPECT_NEAR(per_s / wanted, 1, 1e-6) << rate;
    }
}

TEST(pace, a_tick_moves_a_byte_at_least_and_is_no_busy_loop) {
    EXPECT_EQ(Pace(1).bytes(), 1u);
    EXPECT_EQ(Pace(1).tick(), seconds(1));
    EXPECT_EQ(Pace(0).bytes(), 1u);
    EXPECT_EQ(Pace(1000).bytes(), 50u);
    EXPECT_EQ(Pace(1000).tick(), milliseconds(50));
    for (const std::uint64_t rate : {1u, 19u, 20u, 39u, 5000u, 1u << 30}) {
        EXPECT_GE(Pace(rate).tick(), milliseconds(50)) << rate;
        EXPECT_LE(Pace(rate).tick(), seconds(1)) << rate;
    }
}

}  // namespace
}  // namespace ringload

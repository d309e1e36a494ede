// Pieces of one send: when they merge, what they own, how full they get.
#include "ringway/forward/gather.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "edited.h"

namespace ringway::forward {
namespace {

class GatherTest : public testing::Test {
 protected:
    std::unique_ptr<Gather> gather_ = std::make_unique<Gather>();
    ring::Buffer one_, other_;
};

TEST_F(GatherTest, MakesNeighboursOfOneBufferOnePiece) {
    const std::string bytes = "abcdef";
    const std::string_view view = bytes;
    gather_->add(view.substr(0, 2), &one_);
    gather_->add(view.substr(2, 0), &other_);  // nothing is no neighbour
    gather_->add(view.substr(2, 2), &one_);
    gather_->add(view.substr(5, 1), &one_);  // a gap
    ASSERT_EQ(gather_->pieces().size(), 2u);
    EXPECT_EQ(gather_->bytes(), 5u);
    EXPECT_EQ(text_of(*gather_), "abcdf");
}

TEST_F(GatherTest, KeepsNeighboursOfDifferentOwnersApart) {
    const std::string bytes = "abcd";
    const std::string_view view = bytes;
    gather_->add(view.substr(0, 2), &one_);
    gather_->add(view.substr(2, 2), &other_);
    ASSERT_EQ(gather_->pieces().size(), 2u);
    EXPECT_EQ(gather_->owner(0), &one_);
    EXPECT_EQ(gather_->owner(1), &other_);
}

TEST_F(GatherTest, GathersGeneratedTextInOnePiece) {
    gather_->add_text("ab");
    char* room = gather_->text_room(8);
    *room = 'c';
    gather_->add_text(room, room + 1);
    gather_->add_text("d");
    ASSERT_EQ(gather_->pieces().size(), 1u);
    EXPECT_EQ(gather_->owner(0), nullptr);
    EXPECT_EQ(text_of(*gather_), "abcd");
}

TEST_F(GatherTest, CopiesReceivedBytesOnlyUpTo256) {
    const std::string bytes(257, 'x');
    gather_->add_text("a");
    gather_->add_received(std::string_view(bytes).substr(0, 256), &one_);
    EXPECT_EQ(gather_->pieces().size(), 1u);
    gather_->add_received(bytes, &one_);
    ASSERT_EQ(gather_->pieces().size(), 2u);
    EXPECT_EQ(gather_->pieces()[1].iov_base, bytes.data());
    EXPECT_EQ(gather_->owner(1), &one_);
}

TEST_F(GatherTest, SaysWhenThePiecesRunOut) {
    const std::string bytes(2 * Gather::kPiecesMax, 'x');
    std::size_t pieces = 0;
    while (!gather_->nearly_full()) {
        gather_->add(std::string_view(bytes).substr(2 * pieces, 1), &one_);
        ++pieces;
    }
    EXPECT_EQ(pieces, Gather::kPiecesMax - 15);
    while (pieces < Gather::kPiecesMax)
        gather_->add(std::string_view(bytes).substr(2 * pieces++, 1), &one_);
    EXPECT_EQ(gather_->pieces().size(), Gather::kPiecesMax);
    EXPECT_DEATH(gather_->add("y", &one_), "count_ < kPiecesMax");
}

TEST_F(GatherTest, SaysWhenTheTextRunsOut) {
    gather_->add_text(std::string(Gather::kTextMax - 1024, 't'));
    EXPECT_FALSE(gather_->nearly_full());
    EXPECT_TRUE(gather_->has_text_room(1024));
    EXPECT_FALSE(gather_->has_text_room(1025));
    gather_->add_text("t");
    EXPECT_TRUE(gather_->nearly_full());
    gather_->add_text(std::string(1023, 't'));
    EXPECT_EQ(gather_->bytes(), Gather::kTextMax);
    EXPECT_DEATH(gather_->add_text("t"), "kTextMax");
}

TEST_F(GatherTest, StartsAfreshAfterClear) {
    gather_->add_text(std::string(Gather::kTextMax, 't'));
    gather_->clear();
    EXPECT_EQ(gather_->bytes(), 0u);
    EXPECT_TRUE(gather_->pieces().empty());
    gather_->add_text("new");
    EXPECT_EQ(text_of(*gather_), "new");
}

TEST_F(GatherTest, HoldsABufferUntilClear) {
    ring::BufferGroup group(2, 4096);
    gather_->hold(group.filled(group.take()));
    EXPECT_EQ(group.held_count(), 1u);
    gather_->clear();
    EXPECT_EQ(group.held_count(), 0u);
}

TEST_F(GatherTest, KeepsTextThatPiecesReferTo) {
    const std::string_view kept = gather_->keep(std::string(1000, 'k'));
    gather_->add_received(kept, nullptr);
    EXPECT_EQ(text_of(*gather_), std::string(1000, 'k'));
}

}  // namespace
}  // namespace ringway::forward

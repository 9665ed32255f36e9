#include "runtime/uring/receive_blocks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock {
namespace {

// The kernel's part is played: it says which block it has filled by how much.
class ReceiveBlocksTest : public ::testing::TestWithParam<ReceiveBlocks::Sharing> {
 protected:
  void SetUp() override {
    auto ring = Ring::create();
    if (!ring) GTEST_SKIP() << "io_uring is not to be had here";
    ring_ = std::move(*ring);
    ASSERT_TRUE(blocks_.provide(*ring_, GetParam()));
  }
  Lent take(std::uint32_t number, std::size_t size) {
    return blocks_.take(number << IORING_CQE_BUFFER_SHIFT | IORING_CQE_F_BUFFER, size);
  }
  std::size_t count() const { return std::size_t{4} * 1024 * 1024 / blocks_.size(); }

  BufferPool pool_;
  std::unique_ptr<Ring> ring_;
  ReceiveBlocks blocks_{pool_};
};

TEST_P(ReceiveBlocksTest, WhatWasReceivedIsLentAndGivenBack) {
  const auto lent = take(0, 100);
  EXPECT_EQ(lent.bytes().size(), 100U);
  EXPECT_EQ(pool_.lent(), 1U);
}

TEST_P(ReceiveBlocksTest, AFilledBlockComesBackWhenAllThatWasLentOfItHas) {
  for (std::size_t i = 0; i < 3 * count(); ++i) {
    const auto lent = take(0, blocks_.size());
    EXPECT_EQ(lent.bytes().size(), blocks_.size());
  }
  EXPECT_TRUE(blocks_.has_room());
  EXPECT_EQ(pool_.lent(), 0U);
}

TEST_P(ReceiveBlocksTest, WhoHoldsForLongLeavesBlocksToOthers) {
  std::vector<Lent> held;
  for (std::size_t i = 0; i + 1 < count(); ++i)
    held.push_back(take(static_cast<std::uint32_t>(i), blocks_.size()));
  EXPECT_TRUE(blocks_.has_room());
  // Those beyond three quarters were copied, and their blocks are the kernel's again.
  const auto last = static_cast<std::uint32_t>(count() - 1);
  for (int i = 0; i < 100; ++i) held.push_back(take(last, blocks_.size()));
  EXPECT_TRUE(blocks_.has_room());
  for (const auto& lent : held) EXPECT_EQ(lent.bytes().size(), blocks_.size());
}

INSTANTIATE_TEST_SUITE_P(Both, ReceiveBlocksTest,
                         ::testing::Values(ReceiveBlocks::Sharing::shared,
                                           ReceiveBlocks::Sharing::alone));

}  // namespace
}  // namespace penstock

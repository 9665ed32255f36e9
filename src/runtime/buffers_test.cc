#include "runtime/buffers.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace penstock {
namespace {

TEST(BufferPool, LendsTheBlockThatCameBackLast) {
  BufferPool pool;
  auto a = pool.lend();
  auto b = pool.lend();
  EXPECT_EQ(pool.lent(), 2U);
  auto* const block = a.block();
  b.reset();
  a.reset();
  EXPECT_EQ(pool.lent(), 0U);
  EXPECT_EQ(pool.lend().block(), block);
}

TEST(BufferPool, KeepsABoundedNumberOfFreeBlocks) {
  BufferPool pool;
  std::vector<Lent> lent;
  for (std::size_t i = 0; i < BufferPool::kKeep + 10; ++i) lent.push_back(pool.lend());
  auto* const last_kept = lent[BufferPool::kKeep - 1].block();
  for (auto& each : lent) each.reset();
  EXPECT_EQ(pool.lend().block(), last_kept);
}

TEST(Lent, GoesBackWithItsLastByte) {
  BufferPool pool;
  auto lent = pool.lend();
  lent.fill(10);
  lent.consume(4);
  EXPECT_EQ(lent.bytes().size(), 6U);
  EXPECT_EQ(pool.lent(), 1U);
  lent.consume(6);
  EXPECT_TRUE(lent.empty());
  EXPECT_EQ(pool.lent(), 0U);
}

TEST(Lent, MovesItsLoan) {
  BufferPool pool;
  auto a = pool.lend();
  a.fill(3);
  auto b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT: a moved-from loan is empty, that is promised.
  EXPECT_EQ(b.bytes().size(), 3U);
  b = pool.lend();
  EXPECT_EQ(pool.lent(), 1U);
  b.reset();
  b.reset();
  EXPECT_EQ(pool.lent(), 0U);
}

TEST(BufferPool, OverwritesWhatComesBackIfAskedTo) {
  BufferPool pool(true);
  auto lent = pool.lend();
  lent.block()[0] = 'x';
  lent.reset();
  EXPECT_NE(pool.lend().block()[0], 'x');
}

}  // namespace
}  // namespace penstock

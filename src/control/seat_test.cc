#include "control/seat.h"

#include <gtest/gtest.h>

#include <atomic>

namespace penstock {
namespace {

TEST(Seat, HasARingOnlyWhereThereIsALog) {
  const Budgets budgets;
  const auto with = Seat::create(0, 1, IoChoice::automatic, true, budgets);
  const auto without = Seat::create(1, 1, IoChoice::automatic, false, budgets);
  ASSERT_TRUE(with && without);
  EXPECT_NE((*with)->ring(), nullptr);
  EXPECT_EQ((*without)->ring(), nullptr);
  EXPECT_EQ((*without)->worker().name(), "worker-1");
}

TEST(Seat, ClosingItEndsItsThread) {
  const Budgets budgets;
  auto seat = Seat::create(0, 1, IoChoice::automatic, false, budgets);
  ASSERT_TRUE(seat.has_value());
  std::atomic<bool> ran{false};
  (*seat)->start_listening();
  (*seat)->worker().start(-1);
  (*seat)->loop().post([&ran] { ran = true; });
  (*seat)->drain();
  (*seat)->close();
  (*seat)->worker().join();
  EXPECT_TRUE(ran);
}

TEST(Seat, WhatWasPostedTooLateStillFindsEverything) {
  const Budgets budgets;
  auto seat = Seat::create(0, 1, IoChoice::automatic, false, budgets);
  ASSERT_TRUE(seat.has_value());
  bool copied = false;
  (*seat)->loop().post([&copied, store = &(*seat)->store()] {
    const auto copy = store->copy();
    copied = true;
  });
  seat->reset();
  EXPECT_TRUE(copied);
}

}  // namespace
}  // namespace penstock

#include "overload/budgets.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Budgets, WithoutLimitsNothingIsShort) {
  Budgets budgets;
  LoopUsage usage;
  budgets.add(usage);
  budgets.measured_memory(1 << 30);
  budgets.measured_descriptors(100);
  usage.lag.set(1 << 30);
  EXPECT_EQ(budgets.pressures(), (Pressures{0, 0, 0}));
}

TEST(Budgets, CountsSocketsThatComeAndGoButNotBuffersThatGo) {
  Budgets budgets;
  LoopUsage usage;
  budgets.add(usage);
  usage.buffers.set(300);
  usage.sockets.set(4);
  budgets.measured_memory(500);
  budgets.measured_descriptors(5);
  usage.buffers.set(100);
  usage.sockets.set(6);
  EXPECT_EQ(budgets.memory_used(), 500);
  EXPECT_EQ(budgets.descriptors_used(), 7);
  usage.buffers.set(400);
  usage.sockets.set(1);
  EXPECT_EQ(budgets.memory_used(), 600);
  EXPECT_EQ(budgets.descriptors_used(), 2);
}

}  // namespace
}  // namespace penstock

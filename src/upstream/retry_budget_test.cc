#include "upstream/retry_budget.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(RetryBudget, PaysForAShareOfTheTrafficOnceItsStockIsUsed) {
  RetryBudget budget(0.2);
  int retries = 0;
  for (int request = 0; request < 1000; ++request) {
    budget.deposit();
    retries += budget.withdraw() ? 1 : 0;
  }
  EXPECT_GE(retries, 200);
  EXPECT_LE(retries, 200 + static_cast<int>(RetryBudget::kStock));
}

TEST(RetryBudget, OfZeroNeverPays) {
  RetryBudget budget(0);
  for (int i = 0; i < 1000; ++i) budget.deposit();
  EXPECT_FALSE(budget.withdraw());
}

TEST(RetryBudget, DoesNotSaveUpAStorm) {
  RetryBudget budget(0.2);
  for (int i = 0; i < 100'000; ++i) budget.deposit();
  int retries = 0;
  while (budget.withdraw()) ++retries;
  EXPECT_LE(retries, 20);
}

TEST(RetryBudget, OfAnotherShareKeepsWhatItHas) {
  RetryBudget budget(0.2);
  for (int i = 0; i < 8; ++i) budget.withdraw();
  budget.set_share(0.5);
  EXPECT_TRUE(budget.withdraw());
  EXPECT_TRUE(budget.withdraw());
  EXPECT_FALSE(budget.withdraw());
  budget.set_share(0);
  budget.deposit();
  EXPECT_FALSE(budget.withdraw());
  budget.set_share(0.5);
  EXPECT_TRUE(budget.withdraw());
}

}  // namespace
}  // namespace penstock

#include "route/condition_set.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using Subject = Condition::Subject;
using Operator = Condition::Operator;

TEST(ConditionSet, EqualConditionsAreOneWhateverTheCaseOfTheHeader) {
  ConditionSet set;
  RegexSet regexes;
  const auto first = set.add({Subject::header, Operator::equals, "X-Version", "v2"}, regexes);
  const auto again = set.add({Subject::header, Operator::equals, "x-version", "v2"}, regexes);
  const auto other = set.add({Subject::query, Operator::equals, "x-version", "v2"}, regexes);
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
  EXPECT_EQ(set.size(), 2U);
}

TEST(ConditionSet, WhatIsRefusedOnceIsRefusedAgain) {
  ConditionSet set;
  RegexSet regexes;
  const Condition broken{Subject::header, Operator::regex, "X-Version", "v["};
  const Condition hop{Subject::header, Operator::present, "Connection", ""};
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(set.add(broken, regexes));
    EXPECT_FALSE(set.add(hop, regexes));
  }
  EXPECT_EQ(set.size(), 0U);
  const auto good = set.add({Subject::header, Operator::regex, "X-Version", "v[12]"}, regexes);
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 0U);
}

}  // namespace
}  // namespace penstock

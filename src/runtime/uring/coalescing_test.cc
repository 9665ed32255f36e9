#include "runtime/uring/coalescing.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

void note(Coalescing& coalescing, unsigned received, int turns) {
  for (int i = 0; i < turns; ++i) coalescing.note(received);
}

TEST(Coalescing, NobodyWaitsWhileFewAreOnTheirWay) {
  Coalescing coalescing;
  EXPECT_FALSE(coalescing.worth_it());
  note(coalescing, 4, 1000);
  EXPECT_FALSE(coalescing.worth_it());
}

TEST(Coalescing, OneFullTurnIsNoCrowd) {
  Coalescing coalescing;
  note(coalescing, 1, 100);
  note(coalescing, 64, 1);
  EXPECT_FALSE(coalescing.worth_it());
}

TEST(Coalescing, WaitsWhenTurnsAreFullAndStopsWhenTheyAreNot) {
  Coalescing coalescing;
  note(coalescing, 20, 20);
  EXPECT_TRUE(coalescing.worth_it());
  note(coalescing, 1, 20);
  EXPECT_FALSE(coalescing.worth_it());
}

TEST(Coalescing, EnoughIsWhatCameAtMostUntilThatIsLongAgo) {
  Coalescing coalescing;
  note(coalescing, 64, 1);
  EXPECT_EQ(coalescing.enough(), 64U);
  note(coalescing, 16, 5);
  EXPECT_GT(coalescing.enough(), 40U);
  note(coalescing, 16, 100);
  EXPECT_EQ(coalescing.enough(), 16U);
}

}  // namespace
}  // namespace penstock

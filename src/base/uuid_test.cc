#include "base/uuid.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace penstock {
namespace {

using namespace std::chrono_literals;

std::string next(UuidSource& source, WallTime now) {
  char text[kUuidSize];
  return std::string(source.next(now, text));
}

TEST(Uuid, CarriesItsMillisecondVersionAndVariant) {
  Random random(1);
  UuidSource source(random);
  // The time of RFC 9562's own example, appendix A.6.
  const auto text = next(source, WallTime(0x017F22E279B0ms));
  EXPECT_EQ(text.substr(0, 15), "017f22e2-79b0-7");
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  ASSERT_EQ(text.size(), 36U);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    EXPECT_EQ(text[i] == '-', dash);
    if (!dash) EXPECT_NE(std::string("0123456789abcdef").find(text[i]), std::string::npos);
  }
}

TEST(Uuid, GrowsWithinOneMillisecondAndPastItsCounter) {
  Random random(2);
  UuidSource source(random);
  auto last = next(source, WallTime(1000ms));
  for (int i = 0; i < 10'000; ++i) {
    const auto text = next(source, WallTime(1000ms));
    ASSERT_LT(last, text);
    last = text;
  }
}

TEST(Uuid, GrowsWhenTheClockStepsBack) {
  Random random(3);
  UuidSource source(random);
  const auto first = next(source, WallTime(5000ms));
  EXPECT_LT(first, next(source, WallTime(10ms)));
  EXPECT_LT(first, next(source, WallTime(5001ms)));
}

TEST(Uuid, StandsATimeBefore1970) {
  Random random(4);
  UuidSource source(random);
  EXPECT_EQ(next(source, WallTime(-5ms)).substr(0, 14), "00000000-0000-");
}

TEST(Uuid, DiffersBetweenWorkersOfTheSameMillisecond) {
  Random one(5);
  Random two(6);
  UuidSource a(one);
  UuidSource b(two);
  EXPECT_NE(next(a, WallTime(1ms)), next(b, WallTime(1ms)));
}

}  // namespace
}  // namespace penstock

#include "base/duration.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {
using namespace std::chrono_literals;

TEST(Duration, ReadsEveryUnitAndTheirSums) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(parse_duration("1m30s"), Duration(90s));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms6us7ns"), Duration(24h + 2h + 3min + 4s + 5ms + 6us + 7ns));
  EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
}

TEST(Duration, RefusesWhatCouldMeanSomethingElse) {
  for (const auto* text : {"", "5", "s", "5 s", "-1s", "1s1s", "1s1m", "1.s", ".5s", "1x", "1e3s",
                           "9223372037s", "99999999999999999999s", "0.1ns", "1S"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, IsWrittenAsItIsRead) {
  for (const auto* text : {"1m30s", "4s", "250ms", "1d", "0s", "1h1ns"})
    EXPECT_EQ(to_text(*parse_duration(text)), text);
}

TEST(ByteSize, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("16KiB")->bytes, 16384U);
  EXPECT_EQ(parse_size("1.5MiB")->bytes, 1572864U);
  EXPECT_EQ(parse_size("10kB")->bytes, 10000U);
  EXPECT_EQ(parse_size("512B")->bytes, 512U);
  for (const auto* text : {"", "16", "16KB", "16 KiB", "-1B", "KiB", "99999999999GiB", "0.3B"})
    EXPECT_FALSE(parse_size(text)) << text;
  EXPECT_EQ(to_text(ByteSize{16384}), "16KiB");
  EXPECT_EQ(to_text(ByteSize{1000}), "1kB");
}

}  // namespace
}  // namespace penstock

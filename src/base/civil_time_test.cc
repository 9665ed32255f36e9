#include "base/civil_time.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::int64_t seconds_of(std::string_view text) {
  const auto time = CivilTime::parse(text);
  return time ? time->seconds : -1;
}

TEST(CivilTime, ReadsADateAsItsFirstMoment) {
  EXPECT_EQ(seconds_of("1970-01-01"), 0);
  EXPECT_EQ(seconds_of("2023-06-30"), 1'688'083'200);
  EXPECT_EQ(seconds_of("2024-02-29"), 1'709'164'800);
  EXPECT_EQ(seconds_of("9999-12-31"), 253'402'214'400);
}

TEST(CivilTime, ReadsATimeWithItsZone) {
  EXPECT_EQ(seconds_of("2023-06-30T23:59:59Z"), 1'688'169'599);
  EXPECT_EQ(seconds_of("2023-07-01T01:59:59+02:00"), 1'688'169'599);
  EXPECT_EQ(seconds_of("2023-06-30T18:29:59-05:30"), 1'688'169'599);
}

TEST(CivilTime, RefusesWhatIsNoMoment) {
  for (const auto* text :
       {"", "2023", "2023-6-30", "2023-02-29", "2023-13-01", "2023-00-10", "2023-01-32",
        "1969-12-31", "2023-06-30T", "2023-06-30T12:00:00", "2023-06-30T24:00:00Z",
        "2023-06-30T12:60:00Z", "2023-06-30T12:00:00+24:00", "2023-06-30 12:00:00Z",
        "2023-06-30T12:00:00Zx", "2023-06-30x", "-023-06-30", "2023-06--1", "+023-06-30"})
    EXPECT_EQ(seconds_of(text), -1) << text;
}

TEST(CivilTime, IsWrittenAsItIsRead) {
  EXPECT_EQ(CivilTime::parse("2023-06-30")->to_text(), "2023-06-30");
  EXPECT_EQ(CivilTime::parse("2023-07-01T01:59:59+02:00")->to_text(), "2023-06-30T23:59:59Z");
}

TEST(CivilTime, IsAnHttpDate) {
  EXPECT_EQ(http_date(*CivilTime::parse("2018-11-11T11:11:11Z")), "Sun, 11 Nov 2018 11:11:11 GMT");
  EXPECT_EQ(http_date(*CivilTime::parse("2024-01-01")), "Mon, 01 Jan 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace penstock

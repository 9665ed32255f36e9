#include "observe/operational_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(Logfmt, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(
      logfmt(LogLevel::warn, "config not applied",
             {{"path", "/etc/a.yaml"}, {"line", 7}, {"again", true}, {"after", 1500ms}}),
      R"(level=warn event="config not applied" path=/etc/a.yaml line=7 again=true after=1s500ms)");
  EXPECT_EQ(logfmt(LogLevel::debug, "x", {{"empty", ""}}), R"(level=debug event=x empty="")");
}

TEST(Logfmt, LetsNoStrangerEndALineOrSteerATerminal) {
  EXPECT_EQ(logfmt(LogLevel::error, "x", {{"v", "a\nb\"c\\d\x1b[2J\xff\xc2\x9b"}}),
            "level=error event=x v=\"a\\nb\\\"c\\\\d\\x1b[2J\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(logfmt(LogLevel::error, "x", {{"v", "gr\xc3\xbcn"}}),
            "level=error event=x v=\"gr\xc3\xbcn\"");
}

TEST(Logfmt, BoundsAValue) {
  const auto line = logfmt(LogLevel::info, "x", {{"v", std::string(1'000'000, 'y')}});
  EXPECT_LT(line.size(), 3000U);
  EXPECT_TRUE(line.ends_with("y...\""));
}

TEST(OperationalLog, WritesFromItsLevelUp) {
  testing::internal::CaptureStderr();
  log_debug("unseen");
  log_info("seen", {{"n", 1}});
  const auto before = log_level();
  set_log_level(LogLevel::error);
  log_warn("unseen too");
  set_log_level(before);
  const auto text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("ts=2")) << text;
  EXPECT_NE(text.find("Z level=info event=seen n=1\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("unseen"), std::string::npos);
}

TEST(Every, LetsOneThroughPerInterval) {
  Every every(1s);
  const Instant start{};
  EXPECT_TRUE(every.passes(start));
  EXPECT_FALSE(every.passes(start + 1ms));
  EXPECT_FALSE(every.passes(start + 999ms));
  EXPECT_TRUE(every.passes(start + 1s));
  EXPECT_EQ(every.held_back(), 2U);
  EXPECT_EQ(every.held_back(), 0U);
}

}  // namespace
}  // namespace penstock

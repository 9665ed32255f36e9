#include "observe/trace.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock {
namespace {

const std::string kTraceId = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpanId = "b7ad6b7169203331";

std::string parent(const std::string& version, const std::string& flags) {
  return version + "-" + kTraceId + "-" + kSpanId + "-" + flags;
}

TEST(TraceParent, IsReadInVersionZero) {
  const auto text = parent("00", "01");
  const auto parsed = parse_traceparent(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->trace_id, kTraceId);
  EXPECT_EQ(parsed->span_id, kSpanId);
  EXPECT_TRUE(parsed->sampled);
  EXPECT_FALSE(parse_traceparent(parent("00", "02"))->sampled);
}

TEST(TraceParent, OfAHigherVersionMayGoOn) {
  EXPECT_TRUE(parse_traceparent(parent("01", "01")));
  EXPECT_TRUE(parse_traceparent(parent("cc", "01") + "-what-the-future-brings"));
  EXPECT_TRUE(parse_traceparent(parent("cc", "01") + "-"));
  EXPECT_FALSE(parse_traceparent(parent("cc", "01") + ".what-the-future-brings"));
}

TEST(TraceParent, IsRefusedWhenNotToTheLetter) {
  for (const auto& text : {
           std::string(),
           std::string("00"),
           parent("ff", "01"),
           parent("0g", "01"),
           parent("00", "0G"),
           parent("00", "0A"),
           parent("00", "1"),
           parent("00", "01") + "-",
           parent("00", "01") + " ",
           parent("00", "01") + "-more",
           " " + parent("00", "01"),
           "00-" + std::string(32, '0') + "-" + kSpanId + "-01",
           "00-" + kTraceId + "-" + std::string(16, '0') + "-01",
           "00-0AF7651916CD43DD8448EB211C80319C-" + kSpanId + "-01",
           "00_" + kTraceId + "-" + kSpanId + "-01",
           "00-" + kTraceId + "_" + kSpanId + "-01",
           "00-" + kTraceId + "-" + kSpanId + "_01",
       }) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Trace, ContinuesUnderASpanOfItsOwn) {
  Random random(1);
  const auto text = parent("00", "01");
  const auto trace = Trace::continue_or_begin(text, true, random);
  EXPECT_TRUE(trace.continued());
  EXPECT_TRUE(trace.sampled());
  EXPECT_EQ(trace.trace_id(), kTraceId);
  EXPECT_EQ(trace.parent_id(), kSpanId);
  EXPECT_NE(trace.span_id(), kSpanId);

  std::array<char, Trace::kParentSize> out;
  const auto written = parse_traceparent(trace.write(out));
  ASSERT_TRUE(written);
  EXPECT_EQ(written->trace_id, kTraceId);
  EXPECT_EQ(written->span_id, trace.span_id());
  EXPECT_TRUE(written->sampled);
}

TEST(Trace, DoesNotLetAStrangerDecideOnSampling) {
  Random random(1);
  const auto trace = Trace::continue_or_begin(parent("00", "01"), false, random);
  EXPECT_TRUE(trace.continued());
  EXPECT_FALSE(trace.sampled());
}

TEST(Trace, BeginsAnewWithoutAValidParent) {
  Random random(1);
  const auto one = Trace::continue_or_begin("nonsense", true, random);
  const auto two = Trace::continue_or_begin(std::nullopt, true, random);
  EXPECT_FALSE(one.continued());
  EXPECT_TRUE(one.parent_id().empty());
  EXPECT_NE(one.trace_id(), two.trace_id());
  std::array<char, Trace::kParentSize> out;
  EXPECT_TRUE(parse_traceparent(one.write(out)));
}

TEST(TraceState, IsPassedOnWhenItsMembersAreWellFormed) {
  EXPECT_TRUE(is_valid_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
  EXPECT_TRUE(is_valid_tracestate("a@b=1 , c=2"));
  EXPECT_TRUE(is_valid_tracestate("a=1,,b=2"));
  EXPECT_TRUE(is_valid_tracestate("a=" + std::string(256, 'x')));
}

TEST(TraceState, IsDroppedOtherwise) {
  for (const auto& text :
       {std::string(), std::string(","), std::string("a"), std::string("=1"), std::string("a="),
        std::string("A=1"), std::string("a=1=2"), std::string("a=\x01"), std::string("a=\xc3\xa9"),
        "a=" + std::string(257, 'x'), "a=" + std::string(600, ' ')}) {
    EXPECT_FALSE(is_valid_tracestate(text)) << text;
  }
  std::string many;
  for (int i = 0; i < 32; ++i) many += "k" + std::to_string(i) + "=1,";
  EXPECT_TRUE(is_valid_tracestate(many));
  EXPECT_FALSE(is_valid_tracestate(many + "one_more=1"));
}

}  // namespace
}  // namespace penstock

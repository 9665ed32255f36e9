#include "route/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace penstock {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto regex = Regex::compile(text);
  return regex ? "accepted" : regex.error();
}

TEST(Regex, MatchesTheWholeOfAText) {
  const auto digits = *Regex::compile("[0-9]+");
  EXPECT_TRUE(digits.matches("42"));
  EXPECT_FALSE(digits.matches("42a"));
  EXPECT_FALSE(digits.matches("a42"));
  EXPECT_FALSE(digits.matches(""));
  EXPECT_TRUE(Regex::compile("a|ab")->matches("ab"));
  EXPECT_TRUE(Regex::compile("^v[12]$")->matches("v2"));
}

TEST(Regex, SeesBytes) {
  EXPECT_TRUE(Regex::compile("...")->matches("a\n\xff"));
  EXPECT_TRUE(Regex::compile(R"(caf\xC3\xA9)")->matches("caf\xc3\xa9"));
}

TEST(Regex, GivesWhatItsGroupsTook) {
  const auto regex = *Regex::compile("([a-z]+?)-(.+)");
  EXPECT_EQ(regex.groups(), 2u);
  std::array<std::string_view, 2> groups;
  ASSERT_TRUE(regex.capture("ab-c-d", groups));
  EXPECT_EQ(groups[0], "ab");
  EXPECT_EQ(groups[1], "c-d");
  EXPECT_FALSE(regex.capture("ab", groups));
}

TEST(Regex, SaysWhyItIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("("), HasSubstr("cannot be read: missing )"));
  EXPECT_THAT(refusal("a(?=b)"), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(R"((a)\1)"), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal("caf\u00e9"), HasSubstr("ASCII"));
  EXPECT_THAT(refusal(std::string("a\0b", 3)), HasSubstr("ASCII"));
  EXPECT_THAT(refusal(std::string(kMaxRegexSize + 1, 'a')), HasSubstr("at most 1024 bytes"));
  EXPECT_THAT(refusal("(([a-z]{100}){100}){100}"), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal("([a-c]{400}){2}.{400}"), HasSubstr("too large"));
}

TEST(Regex, TakesTimeInProportionToTheText) {
  const auto regex = *Regex::compile("(a|aa|aaa)*b(.{0,60}a){3}");
  EXPECT_FALSE(regex.matches(std::string(8 * 1024, 'a')));
}

TEST(RegexSet, KeepsEqualTextsOnce) {
  RegexSet set;
  EXPECT_EQ(set.add("[0-9]+"), 0u);
  EXPECT_EQ(set.add("[a-z]+"), 1u);
  EXPECT_EQ(set.add("[0-9]+"), 0u);
  EXPECT_EQ(set.size(), 2u);
  EXPECT_TRUE(set[1].matches("a"));
  EXPECT_FALSE(set.add("["));
  for (std::size_t i = 2; i < kMaxRegexes; ++i) ASSERT_TRUE(set.add("x" + std::to_string(i)));
  EXPECT_THAT(set.add("more").error(), HasSubstr("at most 2000"));
  EXPECT_EQ(set.add("x2"), 2u);
}

}  // namespace
}  // namespace penstock

#include "route/sample.h"

#include <gtest/gtest.h>

#include "route/regex.h"

namespace penstock {
namespace {

TEST(Sample, IsMatchedByItsRegex) {
  for (const auto* regex : {"[0-9]+",      "[0-9]{4}-[0-9]{2}",
                            "v[12]",       "a|bc|d",
                            R"(\d+)",      R"(\w{3,5}\.json)",
                            "[^/]+",       "(?:a|b)?c",
                            "(?P<n>x+)y*", ".*",
                            ".+?",         "[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}",
                            R"([\w.-]+)",  R"([\]\-]x)",
                            "^abc$",       R"(\x41\+)",
                            "[]a]",        "[a-]",
                            "a{0}b",       "(a(b(c)))*",
                            R"(\D\W\S)",   R"(\d\s\w)",
                            R"([^\D])",    R"(\Aa\b\z)"}) {
    const auto compiled = Regex::compile(regex);
    ASSERT_TRUE(compiled) << regex;
    for (unsigned variation = 0; variation < 3; ++variation) {
      const auto text = sample(regex, variation);
      ASSERT_TRUE(text) << regex;
      EXPECT_TRUE(compiled->matches(*text)) << regex << " -> " << *text;
    }
  }
}

TEST(Sample, Varies) {
  EXPECT_NE(sample("a|b", 0), sample("a|b", 1));
  EXPECT_NE(sample("[^/]+", 0), sample("[^/]+", 2));
}

TEST(Sample, IsNothingForWhatItDoesNotKnow) {
  for (const auto* regex : {"(?i)a", "[[:alpha:]]", R"(\pL)", "[a", "(a", "a)", "\\", R"(\Qa\E)",
                            "a{300}", R"([^\x00-\x7f])"})
    EXPECT_FALSE(sample(regex, 0)) << regex;
  EXPECT_FALSE(sample(std::string(100, '('), 0));
}

}  // namespace
}  // namespace penstock

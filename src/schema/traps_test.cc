// What YAML and JSON make of a text is not always what its writer meant. Each case here has bitten
// somebody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "schema/decode.h"

namespace penstock::schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Sample {
  std::string text = "default";
  bool yes = false;
  std::int32_t number = 0;
  double real = 0;
  Duration wait{0};
  Map<std::string> names;

  static constexpr auto describe() {
    using C = Sample;
    return object(field("text", &C::text, "."), field("yes", &C::yes, "."),
                  field("number", &C::number, "."), field("real", &C::real, "."),
                  field("wait", &C::wait, "."), field("names", &C::names, "."));
  }
};

struct Taken {
  Sample sample;
  std::vector<std::string> findings;
};

Taken take(std::string_view text, Syntax syntax) {
  Taken taken;
  Findings findings({"f"});
  if (auto node = parse(text, syntax, 0, findings)) {
    expand(*node, [](std::string_view) { return std::optional<std::string>("17"); }, findings);
    decode(*node, taken.sample, {}, findings);
  }
  for (const auto& finding : findings.take()) taken.findings.push_back(to_text(finding));
  return taken;
}
Taken yaml(std::string_view text) {
  return take(text, Syntax::yaml);
}
Taken json(std::string_view text) {
  return take(text, Syntax::json);
}

std::string only(const Taken& taken) {
  EXPECT_EQ(taken.findings.size(), 1u);
  return taken.findings.empty() ? "" : taken.findings[0];
}

TEST(YamlTraps, WordsThatOlderYamlTookForBooleansAreText) {
  for (const std::string word : {"no", "No", "off", "on", "yes", "y", "n", "Norway", "true"}) {
    const auto taken = yaml("text: " + word);
    EXPECT_THAT(taken.findings, IsEmpty()) << word;
    EXPECT_EQ(taken.sample.text, word);
  }
}

TEST(YamlTraps, OnlyTrueAndFalseAreBooleans) {
  EXPECT_TRUE(yaml("yes: true").sample.yes);
  for (const std::string word : {"yes", "on", "True", "TRUE", "1", "'true'"})
    EXPECT_THAT(only(yaml("yes: " + word)), HasSubstr(", expected true or false")) << word;
  EXPECT_EQ(only(yaml("yes: on")), "f:1:6 yes: found \"on\", expected true or false");
}

TEST(YamlTraps, NumbersAreDecimal) {
  EXPECT_EQ(yaml("number: -12").sample.number, -12);
  for (const std::string text :
       {"0123", "0o17", "0x1F", "0b1", "1_000", "1,000", "12:30", "1e3", "+5", "1.0", "'5'", ".5",
        "2147483648", "99999999999999999999", "-0x1"})
    EXPECT_THAT(only(yaml("number: " + text)), HasSubstr("f:1:9 number: found ")) << text;
  for (const std::string text : {".inf", ".nan", "inf", "nan", "1e400", "0x1p3", "1_0.5"})
    EXPECT_THAT(only(yaml("real: " + text)), HasSubstr("f:1:7 real: found ")) << text;
}

TEST(YamlTraps, WhatLooksLikeANumberIsTheTextThatWasWritten) {
  for (const std::string text : {"0123", "1.10", "1e3", "12:30", "2024-01-01", "0x1F", "1_000",
                                 ".inf", "9007199254740993"}) {
    EXPECT_EQ(yaml("text: " + text).sample.text, text);
  }
}

TEST(YamlTraps, SexagesimalsAreNoDurations) {
  EXPECT_THAT(only(yaml("wait: 12:30")), HasSubstr("found \"12:30\", expected a duration"));
  EXPECT_THAT(only(yaml("wait: 90")), HasSubstr("found 90, expected a duration"));
}

TEST(YamlTraps, NothingIsNoText) {
  for (const std::string nothing : {"~", "null", "Null", "NULL", ""})
    EXPECT_EQ(only(yaml("yes: true\ntext: " + nothing)),
              nothing.empty() ? "f:2:1 text: found nothing, expected text"
                              : "f:2:7 text: found nothing, expected text")
        << nothing;
  EXPECT_EQ(yaml("text: 'null'").sample.text, "null");
  EXPECT_EQ(yaml("text: ''").sample.text, "");
  EXPECT_THAT(only(json(R"({"text": null})")), HasSubstr("found nothing, expected text"));
}

TEST(YamlTraps, KeysThatStandTwiceAreErrors) {
  EXPECT_EQ(
      only(yaml("text: a\nyes: true\ntext: b\n")),
      "f:3:1: found the key \"text\" a second time, expected it once: the first is in line 1");
  EXPECT_EQ(
      only(json("{\"text\": \"a\",\n\"text\": \"b\"}")),
      "f:2:1: found the key \"text\" a second time, expected it once: the first is in line 1");
  EXPECT_THAT(only(yaml("names: { a: x, a: y }")), HasSubstr("f:1:16 names"));
  EXPECT_THAT(only(json(R"({"names": {"a": "x", "\u0061": "y"}})")), HasSubstr("f:1:22 names"));
}

TEST(YamlTraps, KeysMayLookLikeOtherThings) {
  const auto taken = yaml("names: { on: a, 1: b, 0x1: c, true: d }");
  EXPECT_THAT(taken.findings, IsEmpty());
  std::vector<std::string> keys;
  for (const auto& entry : taken.sample.names.entries) keys.push_back(entry.key.value);
  EXPECT_THAT(keys, ElementsAre("on", "1", "0x1", "true"));
  EXPECT_THAT(only(yaml("names: { ~: a }")), HasSubstr("found nothing as a key, expected a name"));
}

TEST(YamlTraps, DocumentsTagsAndMergeKeysAreRefused) {
  EXPECT_THAT(yaml("---\ntext: a\n...\n").findings, IsEmpty());
  EXPECT_THAT(only(yaml("text: a\n---\ntext: b\n")), HasSubstr("found a second document"));
  EXPECT_THAT(only(yaml("text: !!binary aGk=")), HasSubstr("found the tag"));
  EXPECT_THAT(only(yaml("text: !python/object:os.system x")), HasSubstr("found the tag"));
  EXPECT_THAT(only(yaml("%TAG ! tag:x,2000:\n---\n!a text: b\n")), HasSubstr("f:"));
  EXPECT_THAT(only(yaml("names:\n  <<: { a: x }\n")), HasSubstr("found a merge key"));
}

TEST(YamlTraps, LinesMayEndAsOnWindows) {
  const auto taken = yaml("text: a b\r\nnumber: 5\r\nyes: maybe\r\n");
  EXPECT_THAT(taken.findings, ElementsAre("f:3:6 yes: found \"maybe\", expected true or false"));
  EXPECT_EQ(taken.sample.text, "a b");
  EXPECT_EQ(taken.sample.number, 5);
  EXPECT_THAT(only(json("{\r\n\"yes\": 5\r\n}\r\n")), HasSubstr("f:2:8 yes: "));
}

TEST(YamlTraps, ATabIsNoIndentation) {
  EXPECT_THAT(only(yaml("names:\n\ta: x\n")),
              HasSubstr("f:2:1: found a tab in the indentation, expected blanks only"));
  EXPECT_EQ(yaml("text:\ta\n").sample.text, "a");
}

TEST(YamlTraps, BlocksKeepTheirLines) {
  EXPECT_EQ(yaml("text: |\n  a\n  b\n").sample.text, "a\nb\n");
  EXPECT_EQ(yaml("text: >-\n  a\n  b\n").sample.text, "a b");
  EXPECT_THAT(only(yaml("number: |\n  5\n")), HasSubstr("number: found "));
}

TEST(YamlTraps, VariablesKeepTheRulesOfTheirField) {
  EXPECT_EQ(yaml("number: ${N}").sample.number, 17);
  EXPECT_EQ(json(R"({"number": "${N}"})").sample.number, 17);
  EXPECT_EQ(yaml("text: ${N}").sample.text, "17");
  EXPECT_EQ(only(yaml("yes: ${N}")),
            "f:1:6 yes: found the value of \"${N}\", expected true or false");
  EXPECT_EQ(only(yaml("wait: ${N}")).substr(0, 39), "f:1:7 wait: found the value of \"${N}\", ");
}

TEST(YamlTraps, AVariableThatIsNotThereIsOneError) {
  EXPECT_EQ(only(yaml("number: ${1}")),
            "f:1:9 number: found \"${1}\", expected ${NAME} or ${NAME:-default}");
}

TEST(JsonTraps, SurrogatesComeInPairs) {
  EXPECT_EQ(json(R"({"text": "\ud83d\ude00"})").sample.text, "\xf0\x9f\x98\x80");
  for (const std::string lone : {R"(\ud83d)", R"(\ude00)", R"(\ud83dx)", R"(\ude00\ud83d)",
                                 R"(\ud83d\ud83d)", R"(\ud83d\u0041)"})
    EXPECT_THAT(only(json("{\"text\": \"" + lone + "\"}")), HasSubstr("a string with a bad escape"))
        << lone;
}

TEST(YamlTraps, SurrogatesAreRefused) {
  EXPECT_EQ(yaml(R"(text: "\U0001F600")").sample.text, "\xf0\x9f\x98\x80");
  EXPECT_THAT(only(yaml(R"(text: "\ud83d")")),
              HasSubstr("f:1:14: found what is not YAML: invalid unicode"));
}

TEST(JsonTraps, NumbersTooLargeAreNotRounded) {
  EXPECT_THAT(only(json(R"({"number": 99999999999999999999})")), HasSubstr("number: found "));
  EXPECT_THAT(only(json(R"({"number": 2147483648})")), HasSubstr("from -2147483648 to 2147483647"));
  EXPECT_THAT(only(json(R"({"real": 1e400})")), HasSubstr("real: found "));
  EXPECT_THAT(only(json(R"({"number": 1.0})")), HasSubstr("number: found 1.0, expected a whole"));
  EXPECT_EQ(json(R"({"text": 12345678901234567890.10})").sample.text, "12345678901234567890.10");
}

TEST(JsonTraps, CommentsAndTrailingCommasAreRefused) {
  EXPECT_THAT(only(json("{\"yes\": true,}")), HasSubstr("found what is not JSON"));
  EXPECT_THAT(only(json("{\"yes\": true} // x")), HasSubstr("found what is not JSON"));
  EXPECT_THAT(only(json("{// x\n\"yes\": true}")), HasSubstr("found what is not JSON"));
  EXPECT_THAT(only(json("{'yes': true}")), HasSubstr("found what is not JSON"));
  EXPECT_THAT(only(json("{\"yes\": true}{}")), HasSubstr("f:1:14: found more text"));
}

TEST(Traps, ALongTextIsShortenedWhereItIsShown) {
  const auto said = only(yaml("number: " + std::string(1'000'000, 'x')));
  EXPECT_LT(said.size(), 300u);
  EXPECT_THAT(said, HasSubstr("xxx...\""));
  const auto key = only(yaml(std::string(1'000, 'k') + ": 1"));
  EXPECT_LT(key.size(), 300u);
}

TEST(Traps, ErrorsAreCountedAndTheirNumberSaid) {
  std::string text = "names:\n";
  for (int i = 0; i < 500; ++i) text += "  k" + std::to_string(i) + ": []\n";
  const auto said = yaml(text).findings;
  ASSERT_EQ(said.size(), Findings::kMost + 1);
  EXPECT_EQ(said.front(), "f:2:7 names.k0: found a list, expected text");
  EXPECT_EQ(said.back(), "f: 300 more errors are not shown");
}

}  // namespace
}  // namespace penstock::schema

#include "schema/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace penstock::schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  std::optional<Node> root;
  std::vector<std::string> findings;
};

std::vector<std::string> texts(Findings& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings.take()) out.push_back(to_text(finding));
  return out;
}

Read read(const std::string& name, std::string_view text) {
  Findings findings({name});
  Read result;
  result.root = parse(text, syntax_of(name, text), 0, findings);
  result.findings = texts(findings);
  return result;
}

std::string refusal(const std::string& name, std::string_view text) {
  const auto result = read(name, text);
  EXPECT_FALSE(result.root) << text;
  return result.findings.empty() ? "" : result.findings[0];
}

// The tree in one line, with the position of each value.
std::string drawn(const Node& node) {
  const auto place = std::to_string(node.at.line) + ":" + std::to_string(node.at.column);
  if (node.kind == Node::Kind::nothing) return "-@" + place;
  if (node.kind == Node::Kind::scalar)
    return (node.quoted ? '\'' + node.text + '\'' : node.text) + '@' + place;
  const bool map = node.kind == Node::Kind::map;
  std::string out;
  for (const auto& item : node.items) {
    if (!out.empty()) out += ' ';
    if (map)
      out += item.key + '@' + std::to_string(item.key_at.line) + ':' +
             std::to_string(item.key_at.column) + '=';
    out += drawn(item);
  }
  return (map ? '{' + out + '}' : '[' + out + ']') + '@' + place;
}

TEST(Node, IsTheSameFromYamlAndFromJson) {
  EXPECT_EQ(drawn(*read("a.yaml", "a: 1\nb:\n  - x\n  - 'y'\n  - ~\n").root),
            "{a@1:1=1@1:4 b@2:1=[x@3:5 'y'@4:5 -@5:5]@3:3}@1:1");
  EXPECT_EQ(drawn(*read("a.json", "{\"a\": 1,\n \"b\": [\"x\", null,\n  true, {}]}").root),
            "{a@1:2=1@1:7 b@2:2=['x'@2:8 -@2:13 true@3:3 {}@3:9]@2:7}@1:1");
}

TEST(Node, KeepsScalarsAsTheyWereWritten) {
  EXPECT_EQ(drawn(*read("a.yaml", "{a: no, b: 010, c: 1.10, d: 0x1F, e: 2024-01-01}").root),
            "{a@1:2=no@1:5 b@1:9=010@1:12 c@1:17=1.10@1:20 d@1:26=0x1F@1:29 "
            "e@1:35=2024-01-01@1:38}@1:1");
  EXPECT_EQ(drawn(*read("a.json", R"({"n": -1.5e3, "s": "a\"\u00e4"})").root),
            "{n@1:2=-1.5e3@1:7 s@1:15='a\"\xc3\xa4'@1:20}@1:1");
}

TEST(Node, ComesFromYamlAnchorsAsCopies) {
  EXPECT_EQ(drawn(*read("a.yaml", "a: &x [1, 2]\nb: *x\n").root),
            "{a@1:1=[1@1:8 2@1:11]@1:4 b@2:1=[1@1:8 2@1:11]@1:4}@1:1");
}

TEST(Node, KnowsItsSyntaxByNameElseByTheFirstCharacter) {
  EXPECT_EQ(syntax_of("a.json", "a: 1"), Syntax::json);
  EXPECT_EQ(syntax_of("a.yaml", "{a: 1}"), Syntax::yaml);
  EXPECT_EQ(syntax_of("a.yml", "[1]"), Syntax::yaml);
  EXPECT_EQ(syntax_of("-", " \n {\"a\": 1}"), Syntax::json);
  EXPECT_EQ(syntax_of("-", "a: 1"), Syntax::yaml);
}

TEST(Node, SkipsAByteOrderMark) {
  EXPECT_TRUE(read("a.yaml",
                   "\xef\xbb\xbf"
                   "a: 1")
                  .root);
  EXPECT_TRUE(read("a.json",
                   "\xef\xbb\xbf"
                   "{\"a\": 1}")
                  .root);
}

TEST(Node, RefusesBytesThatAreNoText) {
  EXPECT_EQ(refusal("a.yaml", std::string_view("a: 1\nb: \0", 9)),
            "a.yaml:2:4: found the byte 0x00, expected UTF-8 without control characters");
  EXPECT_EQ(refusal("a.json", "{\"a\": \"\xc3(\"}"),
            "a.json:1:8: found the byte 0xc3, expected UTF-8 without control characters");
  EXPECT_THAT(refusal("a.yaml", "a: \x1b[31m"), HasSubstr("1:4: found the byte 0x1b"));
  EXPECT_THAT(refusal("a.yaml", "a: \xed\xa0\x80"), HasSubstr("1:4: found the byte 0xed"));
  EXPECT_THAT(refusal("a.yaml", "a: \xf4\x90\x80\x80"), HasSubstr("1:4: found the byte 0xf4"));
  EXPECT_EQ(refusal("a.json", R"({"a": "x\u0000y"})"),
            "a.json:1:7: found the character U+0000, expected text without it");
  EXPECT_EQ(refusal("a.yaml", R"(a: "x\0y")"),
            "a.yaml:1:4: found the character U+0000, expected text without it");
}

TEST(Node, RefusesWhatIsNoMap) {
  EXPECT_EQ(refusal("a.yaml", ""), "a.yaml:1:1: found nothing, expected a map of keys");
  EXPECT_EQ(refusal("a.yaml", "# only words\n"),
            "a.yaml:1:1: found nothing, expected a map of keys");
  EXPECT_EQ(refusal("a.yaml", "- 1"), "a.yaml:1:1: found a list, expected a map of keys");
  EXPECT_EQ(refusal("a.yaml", "hello"), "a.yaml:1:1: found a single value, expected a map of keys");
  EXPECT_EQ(refusal("a.json", ""), "a.json:1:1: found what is not JSON: nothing at all");
  EXPECT_EQ(refusal("a.json", " [1]"),
            "a.json:1:2: found what is not JSON: something else than a map of keys");
  EXPECT_EQ(refusal("a.json", "17"),
            "a.json:1:1: found what is not JSON: something else than a map of keys");
}

TEST(Node, RefusesYamlThatIsMoreThanATree) {
  EXPECT_EQ(refusal("a.yaml", "a: 1\n---\nb: 2\n"),
            "a.yaml:2:1: found a second document, expected one in the file");
  EXPECT_EQ(refusal("a.yaml", "a: !!str 1"),
            "a.yaml:1:4: found the tag \"tag:yaml.org,2002:str\", expected a value without a tag");
  EXPECT_EQ(refusal("a.yaml", "a: {<<: {b: 1}}"),
            "a.yaml:1:5: found a merge key, expected the keys themselves");
  EXPECT_EQ(refusal("a.yaml", "a: &x [ *x ]"),
            "a.yaml:1:9: found an alias within its own anchor, expected one after it");
  EXPECT_EQ(refusal("a.yaml", "? [1]\n: 2"), "a.yaml:1:3: found a list as a key, expected a name");
  EXPECT_THAT(refusal("a.yaml", "a: *nowhere"), HasSubstr("a.yaml:1:4: found what is not YAML: "));
}

TEST(Node, RefusesBadSyntaxAndSaysWhere) {
  EXPECT_THAT(refusal("a.yaml", "a: [1, 2\n"), HasSubstr("found what is not YAML: "));
  EXPECT_THAT(refusal("a.yaml", "a: 1\n\tb: 2"), HasSubstr("a.yaml:2:"));
  EXPECT_THAT(refusal("a.json", "{\"a\": 1,\n \"b\" 2}"), HasSubstr("a.json:2:"));
  EXPECT_THAT(refusal("a.json", "{\"a\": 1} x"),
              HasSubstr("a.json:1:10: found what is not JSON: "));
  EXPECT_THAT(refusal("a.json", "{\"a\": 01}"),
              HasSubstr("a.json:1:7: found \"01\", expected a JSON value"));
  EXPECT_THAT(refusal("a.json", "{\"a\": yes}"), HasSubstr("a.json:1:7: found \"yes\""));
  EXPECT_THAT(refusal("a.json", "{\"a\": }"), HasSubstr("a.json:1:7: "));
  EXPECT_THAT(refusal("a.json", "{\"a\": \"x"), HasSubstr("a string that does not end"));
  EXPECT_THAT(refusal("a.json", R"({"a": "\ud800"})"), HasSubstr("a string with a bad escape"));
  EXPECT_THAT(refusal("a.json", "{\"a\": [1, 2}"), HasSubstr("a.json:1:"));
  EXPECT_THAT(refusal("a.json", "{\"a\": {"),
              HasSubstr("1:7: found what is not JSON: a document that does not end"));
}

TEST(Node, HasALimitedDepth) {
  const auto nested = [](std::size_t levels) {
    return "{\"a\": " + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  EXPECT_TRUE(read("a.json", nested(kMaxDepth - 1)).root);
  EXPECT_TRUE(read("a.yaml", nested(kMaxDepth - 1)).root);
  EXPECT_THAT(refusal("a.json", nested(kMaxDepth)), HasSubstr("found more than 64 levels"));
  EXPECT_THAT(refusal("a.yaml", nested(kMaxDepth)), HasSubstr("found more than 64 levels"));
  EXPECT_THAT(refusal("a.json", nested(100'000)), HasSubstr("a.json:"));
  EXPECT_THAT(refusal("a.yaml", nested(100'000)), HasSubstr("a.yaml:"));
}

TEST(Node, CountsWhatAliasesStandFor) {
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 12; ++i) {
    const auto here = "a" + std::to_string(i);
    bomb += here + ": &" + here + " [";
    for (int j = 0; j < 10; ++j) bomb += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(refusal("a.yaml", bomb),
              HasSubstr("found aliases that stand for more than 100000 values"));
}

TEST(Node, HasALimitOnWhatYamlHasToBeReadAhead) {
  const std::size_t much = std::size_t{2} * 1024 * 1024;
  EXPECT_THAT(refusal("a.yaml", "a: 1\nb:\n  c: [" + std::string(much, '[')),
              HasSubstr("a.yaml:3:6: found more than 1048576 bytes after this in one text or one "
                        "pair of brackets"));
  EXPECT_THAT(refusal("a.yaml", "{" + std::string(much, ',')),
              HasSubstr("a.yaml:1:1: found more than 1048576 bytes"));
  EXPECT_THAT(refusal("a.yaml", "a: " + std::string(much, 'x')),
              HasSubstr("found more than 1048576 bytes"));
  std::string lines;
  while (lines.size() < much) lines += "a: [ 1, { b: 2 } ]\n";
  EXPECT_TRUE(read("a.yaml", lines).root);
}

TEST(Node, HasALimitedSize) {
  EXPECT_EQ(refusal("a.yaml", std::string(kMaxDocumentBytes + 1, ' ')),
            "a.yaml: found 52428801 bytes, expected at most 52428800");
  std::string values = "{\"a\": [0";
  for (std::size_t i = 0; i < kMaxNodes; ++i) values += ",0";
  EXPECT_THAT(refusal("a.json", values + "]}"),
              HasSubstr("found more than 2000000 values, expected fewer"));
}

std::optional<std::string> variable(std::string_view name) {
  if (name == "PORT") return "8080";
  if (name == "AGAIN") return "${PORT}";
  if (name == "EMPTY") return "";
  if (name == "BAD") return "a\nb\x01";
  return std::nullopt;
}

std::vector<std::string> expand(Node& root) {
  Findings findings({"a.yaml"});
  expand(root, variable, findings);
  return texts(findings);
}

TEST(Expand, ReplacesVariablesInScalars) {
  auto root = *read("a.yaml",
                    "a: '${PORT}'\nb: [ 'x${PORT}y${PORT}' ]\nc: ${NONE:-z}\nd: $${PORT}\n"
                    "e: ${EMPTY:-z}\nf: ${EMPTY}\ng: ${NONE:-}\nh: $PORT {}\n")
                   .root;
  EXPECT_THAT(expand(root), IsEmpty());
  EXPECT_EQ(drawn(root),
            "{a@1:1=8080@1:4 b@2:1=[x8080y8080@2:6]@2:4 c@3:1=z@3:4 d@4:1=${PORT}@4:4 "
            "e@5:1=z@5:4 f@6:1=@6:4 g@7:1=@7:4 h@8:1=$PORT {}@8:4}@1:1");
}

TEST(Expand, LeavesKeysAndWhatItHasReplacedAlone) {
  auto root = *read("a.yaml", "'${PORT}': '${AGAIN}'\n").root;
  EXPECT_THAT(expand(root), IsEmpty());
  EXPECT_EQ(drawn(root), "{${PORT}@1:1=${PORT}@1:12}@1:1");
}

TEST(Expand, RefusesWhatItCannotReplace) {
  auto root = *read("a.yaml",
                    "a: {b: '${NONE}'}\nc: ['${PORT']\nd: ${1x}\ne: ${BAD}\n"
                    "f: '${NONE:-${PORT}}'\ng: ${}\nh: ${PORT:x}\n")
                   .root;
  EXPECT_THAT(
      expand(root),
      ElementsAre("a.yaml:1:8 a.b: found \"${NONE}\", expected a variable that is set, or a "
                  "default: \"${NONE:-...}\"",
                  "a.yaml:2:5 c[0]: found \"${PORT\", expected a closing }",
                  "a.yaml:3:4 d: found \"${1x}\", expected ${NAME} or ${NAME:-default}",
                  "a.yaml:4:4 e: found \"${BAD}\", expected its value to be UTF-8 of at most "
                  "65536 bytes, without control characters",
                  "a.yaml:5:4 f: found \"${NONE:-${PORT\", expected a default without a variable "
                  "in it",
                  "a.yaml:6:4 g: found \"${}\", expected ${NAME} or ${NAME:-default}",
                  "a.yaml:7:4 h: found \"${PORT:x}\", expected ${NAME} or ${NAME:-default}"));
}

}  // namespace
}  // namespace penstock::schema

#include "schema/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "schema/reference.h"

namespace penstock::schema {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

enum class Colour : std::uint8_t { red, dark_green };
constexpr auto schema_choices(Colour) {
  return std::array{choice("red", Colour::red), choice("darkGreen", Colour::dark_green)};
}

struct Even {
  int value = 0;
  static constexpr std::string_view kExpected = "an even digit";
  static constexpr std::string_view kPattern = "^[02468]$";
  static std::optional<Even> parse(std::string_view text) {
    if (text.size() != 1 || text[0] < '0' || text[0] > '8' || (text[0] - '0') % 2 != 0)
      return std::nullopt;
    return Even{text[0] - '0'};
  }
  std::string to_text() const { return std::to_string(value); }
};

struct Part {
  Located<std::string> name;
  std::uint16_t count = 1;

  static constexpr auto describe() {
    return object(field("name", &Part::name, "Its name.").required(),
                  field("count", &Part::count, "How many."));
  }
};

struct Extra {
  bool flag = false;

  static constexpr auto describe() { return object(field("flag", &Extra::flag, "Yes | no.")); }
};

using ColourOrPart = WordOrMap<Colour, Part>;

// By road or by river.
struct Way {
  std::optional<std::string> road;
  std::optional<std::uint32_t> river;

  static constexpr auto describe() {
    return object(field("road", &Way::road, "A road.").one_of("way"),
                  field("river", &Way::river, "A river.").one_of("way"));
  }
};

struct Atlas {
  Map<Way> ways;
  Map<std::uint32_t> distances;

  static constexpr auto describe() {
    return object(field("ways", &Atlas::ways, "Ways by name.").elements(1, 2),
                  field("distances", &Atlas::distances, "Distances by name.").range(1, 9));
  }
};

struct Whole {
  std::uint32_t limit = 7;
  double factor = 0.5;
  Duration wait = 2s;
  ByteSize room{1024};
  Percent share{20};
  Colour colour = Colour::dark_green;
  Even even{4};
  std::optional<std::uint32_t> cap;
  std::vector<std::string> words;
  std::vector<Part> parts;
  std::optional<Part> part;
  Extra extra;
  ColourOrPart paint{Colour::red, {}};
  std::vector<ColourOrPart> paints;

  static constexpr auto describe() {
    using C = Whole;
    return object(
        field("limit", &C::limit, "A limit.").range(1, 100),
        field("factor", &C::factor, "A factor.").range(0, 1),
        field("wait", &C::wait, "A pause.").range(1ms, 1h),
        field("room", &C::room, "Room.").range(ByteSize{1}, ByteSize{1 << 20}),
        field("share", &C::share, "A share."), field("colour", &C::colour, "A colour."),
        field("even", &C::even, "Even."), field("cap", &C::cap, "A cap.").range(1, 9).or_off(),
        field("words", &C::words, "Words.").required().or_one("word").elements(1, 3),
        field("parts", &C::parts, "Parts.").elements(0, 2), field("part", &C::part, "A part."),
        flat(&C::extra), field("paint", &C::paint, "Paint."),
        field("paints", &C::paints, "Paints.").or_one("onePaint"));
  }
};

constexpr auto kLater = std::to_array<std::string_view>(
    {"torque", "parts[].*Policy", "parts[].C*", "colour=blue", "paints[]=green"});

struct Decoded {
  Whole whole;
  std::vector<std::string> findings;
};

Decoded decode(std::string_view yaml) {
  Findings findings({"f"});
  Decoded decoded;
  auto root = parse(yaml, Syntax::yaml, 0, findings);
  if (root) {
    const auto variable = [](std::string_view name) -> std::optional<std::string> {
      if (name == "N") return "12";
      return "s3cret";
    };
    expand(*root, variable, findings);
    decode(*root, decoded.whole, kLater, findings);
  }
  for (const auto& finding : findings.take()) decoded.findings.push_back(to_text(finding));
  return decoded;
}

// What is found in a map that has all it needs but `text`.
std::string complaint(std::string_view text) {
  const auto decoded = decode("word: w\n" + std::string(text));
  EXPECT_EQ(decoded.findings.size(), 1u) << text;
  return decoded.findings.empty() ? "" : decoded.findings[0];
}

TEST(Decode, FillsEveryKindOfField) {
  const auto [whole, findings] = decode(
      "limit: 100\nfactor: 0.25\nwait: 1m30s\nroom: 16KiB\nshare: 12.5%\ncolour: red\neven: 8\n"
      "cap: 9\nwords: [no, 010, 1.10]\nparts: [{name: a}, {name: b, count: 65535}]\n"
      "part: {name: c}\nflag: true\n");
  EXPECT_THAT(findings, IsEmpty());
  EXPECT_EQ(whole.limit, 100u);
  EXPECT_EQ(whole.factor, 0.25);
  EXPECT_EQ(whole.wait, 90s);
  EXPECT_EQ(whole.room.bytes, 16u * 1024);
  EXPECT_EQ(whole.share.share(), 0.125);
  EXPECT_EQ(whole.colour, Colour::red);
  EXPECT_EQ(whole.even.value, 8);
  EXPECT_EQ(whole.cap, 9u);
  EXPECT_THAT(whole.words, ElementsAre("no", "010", "1.10"));
  ASSERT_EQ(whole.parts.size(), 2u);
  EXPECT_EQ(whole.parts[0].name.value, "a");
  EXPECT_EQ(whole.parts[0].count, 1);
  EXPECT_EQ(whole.parts[1].count, 65'535);
  EXPECT_EQ(whole.part->name.value, "c");
  EXPECT_TRUE(whole.extra.flag);
}

TEST(Decode, KeepsDefaultsOfWhatIsNotWritten) {
  const auto [whole, findings] = decode("word: one\n");
  EXPECT_THAT(findings, IsEmpty());
  EXPECT_EQ(whole.limit, 7u);
  EXPECT_EQ(whole.wait, 2s);
  EXPECT_EQ(whole.cap, std::nullopt);
  EXPECT_FALSE(whole.part);
  EXPECT_THAT(whole.words, ElementsAre("one"));
}

TEST(Decode, KeepsWhereALocatedValueStands) {
  const auto decoded = decode("word: w\nparts:\n  - name: a\n");
  EXPECT_EQ(decoded.whole.parts[0].name.at, (Position{3, 11, 0}));
}

TEST(Decode, TakesOffForNothing) {
  EXPECT_EQ(decode("word: w\ncap: off").whole.cap, std::nullopt);
  EXPECT_EQ(complaint("cap: none"),
            "f:2:6 cap: found \"none\", expected a whole number from 1 to 9, or off");
}

TEST(Decode, TakesANumberFromAVariable) {
  EXPECT_EQ(decode("word: w\nlimit: '${N}'").whole.limit, 12u);
}

TEST(Decode, NeverShowsWhatAVariableHolds) {
  EXPECT_EQ(complaint("limit: ${SECRET}"),
            "f:2:8 limit: found the value of \"${SECRET}\", expected a whole number from 1 to 100");
  EXPECT_EQ(complaint("colour: ${SECRET}"),
            "f:2:9 colour: found the value of \"${SECRET}\", expected red or darkGreen");
}

TEST(Decode, TakesAWordOrAMap) {
  const auto word = decode("word: w\npaint: darkGreen\n").whole;
  EXPECT_EQ(word.paint.word, Colour::dark_green);
  EXPECT_FALSE(word.paint.map);
  const auto map = decode("word: w\npaint: {name: x}\npaints: [red, {name: y}]\n").whole;
  EXPECT_FALSE(map.paint.word);
  EXPECT_EQ(map.paint.map->name.value, "x");
  ASSERT_EQ(map.paints.size(), 2u);
  EXPECT_EQ(map.paints[1].map->name.value, "y");
  const auto one = decode("word: w\nonePaint: {name: x}\n").whole;
  ASSERT_EQ(one.paints.size(), 1u);
  EXPECT_TRUE(one.paints[0].map);
}

TEST(Decode, SaysWhatAWordOrAMapShouldBe) {
  EXPECT_EQ(complaint("paint: redd"),
            "f:2:8 paint: found \"redd\", expected red or darkGreen; did you mean \"red\"?");
  EXPECT_EQ(complaint("paint: [red]"),
            "f:2:8 paint: found a list, expected red or darkGreen, or a map");
  EXPECT_THAT(complaint("paint: {count: 2}"), HasSubstr("paint.name: found no such key"));
}

struct DecodedAtlas {
  Atlas atlas;
  std::vector<std::string> findings;
};

DecodedAtlas decode_atlas(std::string_view yaml) {
  Findings findings({"f"});
  DecodedAtlas decoded;
  if (auto root = parse(yaml, Syntax::yaml, 0, findings))
    decode(*root, decoded.atlas, {}, findings);
  for (const auto& finding : findings.take()) decoded.findings.push_back(to_text(finding));
  return decoded;
}

TEST(Decode, FillsAMapOfFreeKeysInTheirOrder) {
  const auto [atlas, findings] =
      decode_atlas("ways:\n  north: {road: A1}\n  1.0: {river: 2}\ndistances: {b: 2, a: 9}\n");
  EXPECT_THAT(findings, IsEmpty());
  ASSERT_EQ(atlas.ways.entries.size(), 2u);
  EXPECT_EQ(atlas.ways.entries[0].key.value, "north");
  EXPECT_EQ(atlas.ways.entries[0].key.at, (Position{2, 3, 0}));
  EXPECT_EQ(atlas.ways.entries[0].value.road, "A1");
  EXPECT_EQ(atlas.ways.entries[1].key.value, "1.0");
  EXPECT_EQ(atlas.ways.entries[1].value.river, 2u);
  ASSERT_EQ(atlas.distances.entries.size(), 2u);
  EXPECT_EQ(atlas.distances.entries[0].key.value, "b");
}

TEST(Decode, SaysWhatAMapOfFreeKeysShouldBe) {
  EXPECT_THAT(decode_atlas("ways: [x]\n").findings,
              ElementsAre("f:1:7 ways: found a list, expected a map of 1 to 2 keys"));
  EXPECT_THAT(decode_atlas("ways: {}\n").findings,
              ElementsAre("f:1:7 ways: found 0 keys, expected a map of 1 to 2 keys"));
  EXPECT_THAT(decode_atlas("distances: {far: 10}\n").findings,
              ElementsAre("f:1:18 distances.far: found 10, expected a whole number from 1 to 9"));
  EXPECT_THAT(decode_atlas("distances: {a: 1, b: 2, a: 3}\n").findings,
              ElementsAre("f:1:25 distances: found the key \"a\" a second time, expected it once: "
                          "the first is in line 1"));
}

TEST(Decode, AsksForExactlyOneOfAlternatives) {
  EXPECT_THAT(decode_atlas("ways: {x: {}}\n").findings,
              ElementsAre("f:1:11 ways.x: found none of \"road\", \"river\", expected exactly one "
                          "of them"));
  EXPECT_THAT(decode_atlas("ways: {x: {river: 1, road: a}}\n").findings,
              ElementsAre("f:1:22 ways.x: found both \"river\" and \"road\", expected exactly one "
                          "of \"road\", \"river\""));
  // What is written wrong is written.
  EXPECT_THAT(decode_atlas("ways: {x: {river: wide}}\n").findings,
              ElementsAre(HasSubstr("ways.x.river: found \"wide\"")));
}

TEST(Decode, SaysWhatAValueShouldBe) {
  EXPECT_EQ(complaint("limit: 0"), "f:2:8 limit: found 0, expected a whole number from 1 to 100");
  EXPECT_EQ(complaint("limit: 101"),
            "f:2:8 limit: found 101, expected a whole number from 1 to 100");
  EXPECT_EQ(complaint("limit: '5'"),
            "f:2:8 limit: found \"5\", expected a whole number from 1 to 100");
  for (const auto* bad :
       {"07", "0x1F", "1.0", "1e2", "1_000", "+5", "five", "99999999999999999999"})
    EXPECT_THAT(complaint("limit: " + std::string(bad)), HasSubstr("a whole number")) << bad;
  EXPECT_EQ(complaint("factor: 1.5"), "f:2:9 factor: found 1.5, expected a number from 0 to 1");
  EXPECT_EQ(complaint("factor: .inf"),
            "f:2:9 factor: found \".inf\", expected a number from 0 to 1");
  EXPECT_EQ(complaint("wait: 5"),
            "f:2:7 wait: found 5, expected a duration such as 1m30s, from 1ms to 1h");
  EXPECT_EQ(complaint("wait: 2h"),
            "f:2:7 wait: found \"2h\", expected a duration such as 1m30s, from 1ms to 1h");
  EXPECT_EQ(complaint("room: 5"),
            "f:2:7 room: found 5, expected a size such as 16KiB, from 1B to 1MiB");
  EXPECT_EQ(complaint("share: 0.2"),
            "f:2:8 share: found 0.2, expected a share such as 20%, from 0% to 100%");
  EXPECT_EQ(complaint("share: 101%"),
            "f:2:8 share: found \"101%\", expected a share such as 20%, from 0% to 100%");
  EXPECT_EQ(complaint("even: 3"), "f:2:7 even: found 3, expected an even digit");
  EXPECT_EQ(complaint("colour: darkgren"),
            "f:2:9 colour: found \"darkgren\", expected red or darkGreen; did you mean "
            "\"darkGreen\"?");
  for (const auto* bad : {"yes", "no", "on", "True", "'true'", "1"})
    EXPECT_THAT(complaint("flag: " + std::string(bad)), HasSubstr("expected true or false")) << bad;
}

TEST(Decode, SaysWhatKindOfValueItFound) {
  EXPECT_EQ(complaint("limit: [1]"),
            "f:2:8 limit: found a list, expected a whole number from 1 to 100");
  EXPECT_EQ(complaint("limit:"),
            "f:2:1 limit: found nothing, expected a whole number from 1 to 100");
  EXPECT_EQ(complaint("parts: x"),
            "f:2:8 parts: found \"x\", expected a list of at most 2 elements");
  EXPECT_EQ(complaint("part: x"), "f:2:7 part: found \"x\", expected a map of name, count");
  EXPECT_EQ(complaint("parts: [{name: [a]}]"), "f:2:16 parts[0].name: found a list, expected text");
}

TEST(Decode, CountsTheElementsOfAList) {
  EXPECT_EQ(decode("words: []").findings[0],
            "f:1:8 words: found 0 elements, expected a list of 1 to 3 elements");
  EXPECT_EQ(complaint("parts: [{name: a}, {name: b}, {name: c}]"),
            "f:2:8 parts: found 3 elements, expected a list of at most 2 elements");
}

TEST(Decode, RefusesUnknownKeysWithASuggestion) {
  EXPECT_EQ(complaint("parts: [{name: a, cuont: 2}]"),
            "f:2:19 parts[0]: found the key \"cuont\", expected name, count; did you mean "
            "\"count\"?");
  EXPECT_EQ(complaint("part: {name: a, zzz: 2}"),
            "f:2:17 part: found the key \"zzz\", expected name, count");
}

TEST(Decode, RefusesInWordsWhatALaterReleaseServes) {
  EXPECT_THAT(complaint("torque: 2"),
              HasSubstr("f:2:1: found the key \"torque\", which this release does not serve; "
                        "expected limit, "));
  EXPECT_EQ(complaint("parts: [{name: a, rateLimitPolicy: x}]"),
            "f:2:19 parts[0]: found the key \"rateLimitPolicy\", which this release does not "
            "serve; expected name, count");
  EXPECT_THAT(complaint("part: {name: a, rateLimitPolicy: x}"), Not(HasSubstr("release")));
  EXPECT_EQ(complaint("colour: blue"),
            "f:2:9 colour: found \"blue\", which this release does not serve; expected red or "
            "darkGreen");
  EXPECT_EQ(complaint("colour: bleu"), "f:2:9 colour: found \"bleu\", expected red or darkGreen");
  EXPECT_THAT(complaint("paints: [ green ]"), HasSubstr("this release does not serve"));
}

TEST(Decode, TakesAKeyForMisspeltBeforeItTakesItForALaterOne) {
  EXPECT_EQ(complaint("parts: [{name: a, Count: 2}]"),
            "f:2:19 parts[0]: found the key \"Count\", expected name, count; did you mean "
            "\"count\"?");
}

TEST(Decode, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(complaint("limit: 1\nlimit: 2"),
            "f:3:1: found the key \"limit\" a second time, expected it once: the first is in line "
            "2");
  EXPECT_EQ(complaint("words: [a]"),
            "f:2:1: found both \"word\" and \"words\", expected one of them");
}

TEST(Decode, AsksForWhatIsRequired) {
  EXPECT_EQ(complaint("parts: [{count: 2}]"),
            "f:2:9 parts[0].name: found no such key, expected text: it is required");
  EXPECT_EQ(decode("limit: 2").findings[0],
            "f:1:1 words: found no such key, expected a list of 1 to 3 elements, or \"word\" for "
            "one: it is required");
}

TEST(Decode, CollectsAllFindingsInTheOrderOfTheFile) {
  const auto findings = decode("word: w\nlimit: x\nnope: 1\nwait: 3\n").findings;
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_THAT(findings[0], HasSubstr("f:2:8 limit"));
  EXPECT_THAT(findings[1], HasSubstr("f:3:1: found the key \"nope\""));
  EXPECT_THAT(findings[2], HasSubstr("f:4:7 wait"));
}

TEST(Findings, AreLimitedInNumberAndLength) {
  Findings findings({"f"});
  for (std::uint32_t i = 0; i < 1'000; ++i) findings.error({i + 1, 1, 0}, "p", "found a thing");
  findings.warning({1, 1, 0}, std::string(10'000, 'p'), std::string(10'000, 'x') + "\n");
  const auto taken = findings.take();
  ASSERT_EQ(taken.size(), Findings::kMost + 2);
  EXPECT_EQ(taken.back().text, "800 more errors are not shown");
  for (const auto& finding : taken) EXPECT_LT(to_text(finding).size(), 2'000u);
}

TEST(Findings, QuoteWithoutControlCharactersAndNotTooMuch) {
  EXPECT_EQ(in_quotes("a\"b\\c\n"), "\"a\\\"b\\\\c\\x0a\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(80, 'x') + "...\"");
  EXPECT_EQ(in_quotes(std::string(79, 'x') + "\xc3\xa4"), '"' + std::string(79, 'x') + "...\"");
}

TEST(Findings, SuggestWhatIsNear) {
  const auto names = std::to_array<std::string_view>({"order-service", "user-service", "x"});
  EXPECT_EQ(nearest("order-svc", names), "order-service");
  EXPECT_EQ(nearest("order-servcie", names), "order-service");
  EXPECT_EQ(nearest("ORDER-SERVICE", names), "order-service");
  EXPECT_EQ(nearest("y", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(1'000, 'a'), names), "");
}

TEST(Reference, HasARowForEveryFieldAndASectionForEveryObject) {
  const auto text = reference(kType<Whole>, "The whole", 2);
  EXPECT_THAT(text, HasSubstr("## The whole\n\n| Key | Value | Default | Meaning |\n"));
  EXPECT_THAT(text, HasSubstr("| `limit` | a whole number from 1 to 100 | `7` | A limit. |\n"));
  EXPECT_THAT(text, HasSubstr("| `wait` | a duration such as 1m30s, from 1ms to 1h | `2s` |"));
  EXPECT_THAT(text, HasSubstr("| `room` | a size such as 16KiB, from 1B to 1MiB | `1KiB` |"));
  EXPECT_THAT(text, HasSubstr("| `share` | a share such as 20%, from 0% to 100% | `20%` |"));
  EXPECT_THAT(text, HasSubstr("| `colour` | red or darkGreen | `darkGreen` |"));
  EXPECT_THAT(text, HasSubstr("| `even` | an even digit | `4` |"));
  EXPECT_THAT(text, HasSubstr("| `cap` | a whole number from 1 to 9, or `off` | `off` |"));
  EXPECT_THAT(text, HasSubstr("| `words` (or `word` for one) | list of text | required |"));
  EXPECT_THAT(text, HasSubstr("| `flag` | true or false | `false` | Yes \\| no. |"));
  EXPECT_THAT(text, HasSubstr("### `parts[]`\n\n"));
  EXPECT_THAT(text, HasSubstr("### `part`\n\n"));
}

TEST(Reference, ShowsAMapOfFreeKeysAndItsAlternatives) {
  const auto text = reference(kType<Atlas>, "Atlas", 2);
  EXPECT_THAT(text, HasSubstr("| `ways` | map of names to maps, see below |  | Ways by name. |\n"));
  EXPECT_THAT(text,
              HasSubstr("| `distances` | map of names, to each: a whole number from 1 to 9 |"));
  EXPECT_THAT(text, HasSubstr("### `ways.*`\n\n"));
  EXPECT_THAT(text, HasSubstr("| `road` | text | exactly one of these | A road. |\n"));
}

TEST(JsonSchema, DescribesAMapOfFreeKeysAndItsAlternatives) {
  const auto schema = nlohmann::json::parse(json_schema(kType<Atlas>, "Atlas"));
  const auto& ways = schema["properties"]["ways"];
  EXPECT_EQ(ways["minProperties"], 1);
  EXPECT_EQ(ways["maxProperties"], 2);
  const auto& way = ways["additionalProperties"];
  EXPECT_EQ(way["additionalProperties"], false);
  EXPECT_EQ(way["allOf"], nlohmann::json::parse(
                              R"([{"oneOf": [{"required": ["road"]}, {"required": ["river"]}]}])"));
}

TEST(JsonSchema, DescribesEveryField) {
  const auto text = json_schema(kType<Whole>, "Whole");
  EXPECT_THAT(text, HasSubstr("https://json-schema.org/draft/2020-12/schema"));
  EXPECT_THAT(text, HasSubstr("\"additionalProperties\": false"));
  for (const auto key : keys_of(*kType<Whole>.object))
    EXPECT_THAT(text, HasSubstr('"' + std::string(key) + '"'));
  Findings findings({"schema.json"});
  EXPECT_TRUE(parse(text, Syntax::json, 0, findings));
}

}  // namespace
}  // namespace penstock::schema

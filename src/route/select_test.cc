#include "route/select.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "schema/decode.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

const ServiceIndices kServices{{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}};
constexpr int kCallers = 20'000;

// The users of a split in the tests below, each a text of its own.
std::string caller(int i) {
  return fmt::format("user-{}", i);
}

SelectConfig config_of(std::string_view yaml) {
  schema::Findings findings({"t"});
  SelectConfig config;
  const auto root = schema::parse(yaml, schema::Syntax::yaml, 0, findings);
  if (root) schema::decode(*root, config, {}, findings);
  for (const auto& finding : findings.take()) ADD_FAILURE() << to_text(finding);
  return config;
}

Selection selection_of(std::string_view yaml) {
  auto selection = Selection::compile(config_of(yaml), kServices);
  EXPECT_TRUE(selection.has_value()) << selection.error();
  return selection ? std::move(*selection) : Selection{};
}

Split split_of(std::vector<std::uint32_t> weights) {
  std::vector<Split::Share> shares;
  for (const auto& [name, service] : kServices)
    if (service < weights.size()) shares.push_back({service, weights[service], name});
  return Split(shares);
}

// How many standard deviations `count` of `draws` is from its share.
double deviation(int count, int draws, double share) {
  return std::abs(count - draws * share) / std::sqrt(draws * share * (1 - share));
}

class SelectionTest : public testing::Test {
 protected:
  Result<Selected> choose(const Selection& selection, std::string_view client = {}) {
    return selection.choose({.fields = fields_, .client = client}, random_, arena_);
  }
  std::uint32_t service(const Selection& selection, std::string_view client = {}) {
    const auto selected = choose(selection, client);
    EXPECT_TRUE(selected.has_value());
    return selected ? selected->service : ~0U;
  }
  // The share of requests that a service gets of so many, as a count.
  int count(const Selection& selection, std::uint32_t wanted, int draws = kCallers) {
    int count = 0;
    for (int i = 0; i < draws; ++i) count += service(selection) == wanted ? 1 : 0;
    return count;
  }
  void ask(std::string_view name, std::string_view value) {
    fields_.clear();
    fields_.add(name, arena_.copy(value));
  }

  http::Fields fields_;
  Random random_{7};
  Arena arena_;
};

// --- By weight

TEST_F(SelectionTest, ARouteThatNamesItsServiceGoesThere) {
  const auto selected = choose(selection_of("upstreamService: c"));
  ASSERT_TRUE(selected.has_value());
  EXPECT_EQ(selected->service, 2U);
  EXPECT_EQ(selected->version, nullptr);
  EXPECT_THAT(selected->set_cookie, IsEmpty());
}

TEST_F(SelectionTest, SharesFollowTheWeights) {
  const auto selection = selection_of(
      "split: [ { upstreamService: a, weight: 90 }, { upstreamService: b, weight: 10 } ]");
  EXPECT_LT(deviation(count(selection, 1), kCallers, 0.1), 4);
}

TEST_F(SelectionTest, AWeightOfZeroGetsNothing) {
  const auto selection = selection_of(
      "split: [ { upstreamService: a, weight: 0 }, { upstreamService: b, weight: 1 }, "
      "{ upstreamService: c, weight: 0 } ]");
  EXPECT_EQ(count(selection, 1, 1'000), 1'000);
}

TEST_F(SelectionTest, HugeWeightsDoNotOverflow) {
  const auto selection = selection_of(
      "split: [ { upstreamService: a, weight: 1000000 }, { upstreamService: b, weight: 1000000 } "
      "]");
  EXPECT_LT(deviation(count(selection, 0), kCallers, 0.5), 4);
}

// --- Sticky

TEST(Split, KeepsCallersInProportionToItsWeights) {
  const auto split = split_of({70, 20, 10});
  std::array<int, 3> counts{};
  for (int i = 0; i < kCallers; ++i) ++counts[split.keep(caller(i))];
  EXPECT_LT(deviation(counts[0], kCallers, 0.7), 4);
  EXPECT_LT(deviation(counts[1], kCallers, 0.2), 4);
  EXPECT_LT(deviation(counts[2], kCallers, 0.1), 4);
}

TEST(Split, KeepsACallerWhereItWasInEveryProcessAndRelease) {
  const auto split = split_of({1, 1, 1, 1});
  std::string kept;
  for (int i = 0; i < 16; ++i) kept += std::to_string(split.keep(caller(i)));
  EXPECT_EQ(kept, "2322023000201330");
}

TEST(Split, DoesNotLookAtTheOrderOfItsServices) {
  const Split one({{0, 3, "a"}, {1, 5, "b"}, {2, 2, "c"}});
  const Split other({{2, 2, "c"}, {0, 3, "a"}, {1, 5, "b"}});
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(one.keep(caller(i)), other.keep(caller(i)));
}

TEST(Split, MovesNoMoreCallersThanAWeightChangeAsksFor) {
  const auto before = split_of({90, 10});
  const auto after = split_of({80, 20});
  int moved = 0;
  for (int i = 0; i < kCallers; ++i) {
    const auto from = before.keep(caller(i));
    const auto to = after.keep(caller(i));
    if (from == to) continue;
    ++moved;
    EXPECT_EQ(to, 1U);
  }
  EXPECT_LT(deviation(moved, kCallers, 0.1), 4);
}

TEST(Split, GivesANewServiceItsShareAndMovesNobodyElse) {
  const auto before = split_of({50, 50});
  const auto after = split_of({50, 50, 25});
  int moved = 0;
  for (int i = 0; i < kCallers; ++i) {
    const auto to = after.keep(caller(i));
    if (to == before.keep(caller(i))) continue;
    ++moved;
    EXPECT_EQ(to, 2U);
  }
  EXPECT_LT(deviation(moved, kCallers, 0.2), 4);
}

constexpr std::string_view kHalves =
    "split: [ { upstreamService: a, weight: 1 }, { upstreamService: b, weight: 1 } ]\n";

TEST_F(SelectionTest, OneAddressKeepsOneService) {
  const auto selection = selection_of(std::string(kHalves) + "stickyBy: ip");
  std::array<int, 2> counts{};
  for (int i = 0; i < 256; ++i) {
    const auto client = fmt::format("10.0.0.{}", i);
    const auto first = service(selection, client);
    ++counts[first];
    for (int again = 0; again < 3; ++again) EXPECT_EQ(service(selection, client), first);
  }
  EXPECT_LT(deviation(counts[0], 256, 0.5), 4);
}

TEST_F(SelectionTest, AUserIsToldApartByTheAddressWhileNobodyIsKnown) {
  const auto by_user = selection_of(std::string(kHalves) + "stickyBy: userId");
  const auto by_address = selection_of(std::string(kHalves) + "stickyBy: ip");
  for (int i = 0; i < 100; ++i) {
    const auto client = fmt::format("10.0.0.{}", i);
    EXPECT_EQ(service(by_user, client), service(by_address, client));
    const auto known =
        by_user.choose({.fields = fields_, .client = client, .user = "u"}, random_, arena_);
    EXPECT_EQ(known->service, split_of({1, 1}).keep("u"));
  }
}

TEST_F(SelectionTest, OneHeaderValueKeepsOneService) {
  const auto selection = selection_of(std::string(kHalves) + "stickyBy: { header: X-Tenant }");
  for (int i = 0; i < 100; ++i) {
    ask("x-tenant", caller(i));
    EXPECT_EQ(service(selection), split_of({1, 1}).keep(caller(i)));
  }
}

TEST_F(SelectionTest, WithoutWhatItIsToldApartByACallerIsDrawnByChance) {
  for (const auto* by : {"ip", "userId", "{ header: X-Tenant }"}) {
    const auto selection = selection_of(std::string(kHalves) + "stickyBy: " + by);
    EXPECT_LT(deviation(count(selection, 0), kCallers, 0.5), 4) << by;
  }
}

TEST_F(SelectionTest, OneCookieKeepsOneService) {
  const auto selection = selection_of(std::string(kHalves) + "stickyBy: { cookie: bucket }");
  for (int i = 0; i < 100; ++i) {
    ask("Cookie", fmt::format("x=1; bucket={}", caller(i)));
    const auto selected = choose(selection);
    EXPECT_EQ(selected->service, split_of({1, 1}).keep(caller(i)));
    EXPECT_THAT(selected->set_cookie, IsEmpty());
  }
}

TEST_F(SelectionTest, ACallerWithoutTheCookieGetsOneAndKeepsItsServiceWithIt) {
  const auto selection = selection_of(std::string(kHalves) + "stickyBy: { cookie: bucket }");
  std::array<int, 2> counts{};
  for (int i = 0; i < 1'000; ++i) {
    fields_.clear();
    const auto first = choose(selection);
    ++counts[first->service];
    const std::string cookie(first->set_cookie);
    EXPECT_THAT(cookie, MatchesRegex("bucket=[0-9a-f]+; Path=/; Max-Age=31536000; HttpOnly; "
                                     "SameSite=Lax"));
    ask("Cookie", cookie.substr(0, cookie.find(';')));
    EXPECT_EQ(service(selection), first->service);
  }
  EXPECT_LT(deviation(counts[0], 1'000, 0.5), 4);
}

TEST_F(SelectionTest, ACookieGivenOverHttpsStaysThere) {
  const auto selection = selection_of(std::string(kHalves) + "stickyBy: { cookie: bucket }");
  const auto selected = selection.choose({.fields = fields_, .secure = true}, random_, arena_);
  EXPECT_THAT(std::string(selected->set_cookie), HasSubstr("; Secure"));
}

TEST_F(SelectionTest, NoCookieIsGivenWhereThereIsNothingToKeep) {
  const auto selection = selection_of(
      "split: [ { upstreamService: a, weight: 1 }, { upstreamService: b, weight: 0 } ]\n"
      "stickyBy: { cookie: bucket }");
  EXPECT_THAT(choose(selection)->set_cookie, IsEmpty());
}

// --- By version

constexpr std::string_view kVersions = R"(
versions:
  header: Accept-Version
  default: v1
  to:
    v1: { upstreamService: a, deprecated: 2023-06-30T23:59:59Z, sunset: 2024-01-01, successor: /v2 }
    v2: { upstreamService: b }
    v3: { split: [ { upstreamService: c, weight: 95 }, { upstreamService: d, weight: 5 } ] }
)";

TEST_F(SelectionTest, AVersionIsServedByItsService) {
  const auto selection = selection_of(kVersions);
  ask("accept-version", "v2");
  const auto selected = choose(selection);
  EXPECT_EQ(selected->service, 1U);
  EXPECT_EQ(selected->version->name, "v2");
  EXPECT_FALSE(selected->version->is_retiring());
  EXPECT_EQ(selection.version("v2"), selected->version);
  EXPECT_EQ(selection.version_header(), "Accept-Version");
}

TEST_F(SelectionTest, WithoutTheFieldTheDefaultVersionServes) {
  const auto selection = selection_of(kVersions);
  EXPECT_EQ(choose(selection)->version->name, "v1");
}

TEST_F(SelectionTest, AnUnknownVersionIsRefusedAndTheKnownAreNamed) {
  const auto selection = selection_of(kVersions);
  for (const auto* version : {"v4", "V1", "", "v1, v2"}) {
    ask("Accept-Version", version);
    const auto selected = choose(selection);
    ASSERT_FALSE(selected.has_value()) << version;
    EXPECT_EQ(selected.error().reason, &reasons::kUnknownVersion);
    EXPECT_EQ(selected.error().detail, "Accept-Version may be v1, v2, v3.");
  }
}

TEST_F(SelectionTest, TwoVersionsAtOnceAreRefused) {
  fields_.add("Accept-Version", "v1");
  fields_.add("Accept-Version", "v2");
  const auto selection = selection_of(kVersions);
  const auto selected = choose(selection);
  ASSERT_FALSE(selected.has_value());
  EXPECT_EQ(selected.error().reason, &reasons::kUnknownVersion);
  EXPECT_EQ(selected.error().detail, "Accept-Version may be v1, v2, v3.");
}

TEST_F(SelectionTest, WithoutADefaultTheFieldIsAskedFor) {
  const auto selection =
      selection_of("versions: { header: Api-Version, to: { v1: { upstreamService: a } } }");
  const auto selected = choose(selection);
  ASSERT_FALSE(selected.has_value());
  EXPECT_EQ(selected.error().reason, &reasons::kVersionMissing);
  EXPECT_EQ(selected.error().detail, "Api-Version may be v1.");
}

TEST_F(SelectionTest, AVersionMayBeSplit) {
  const auto selection = selection_of(kVersions);
  ask("Accept-Version", "v3");
  EXPECT_LT(deviation(count(selection, 3), kCallers, 0.05), 4);
  EXPECT_LT(deviation(count(selection, 2), kCallers, 0.95), 4);
}

TEST_F(SelectionTest, AVersionSplitKeepsCallersToo) {
  const auto selection = selection_of(std::string(kVersions) + "stickyBy: ip");
  ask("Accept-Version", "v3");
  const Split split({{2, 95, "c"}, {3, 5, "d"}});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(service(selection, caller(i)), split.keep(caller(i)));
}

TEST_F(SelectionTest, ARetiringVersionSaysSo) {
  const auto selection = selection_of(kVersions);
  const auto& version = *selection.version("v1");
  EXPECT_TRUE(version.is_retiring());
  EXPECT_EQ(version.deprecation, "@1688169599");
  EXPECT_EQ(version.sunset, "Mon, 01 Jan 2024 00:00:00 GMT");
  EXPECT_EQ(version.link, "</v2>; rel=\"successor-version\"");
}

// --- What cannot be compiled

std::string fault_of(std::string_view yaml) {
  const auto selection = Selection::compile(config_of(yaml), kServices);
  return selection ? "" : selection.error();
}

TEST(Selection, NamesWhatItCannotCompile) {
  EXPECT_EQ(fault_of("upstreamService: x"), "names no service");
  EXPECT_EQ(fault_of("split: [ { upstreamService: x, weight: 1 } ]"), "names no service");
  EXPECT_EQ(fault_of("split: [ { upstreamService: a, weight: 0 } ]"),
            "has no service with a weight");
  EXPECT_EQ(fault_of("versions: { header: V, to: { v1: { upstreamService: x } } }"),
            "in version v1 names no service");
}

TEST(Selection, APlainRouteHoldsNothingMore) {
  EXPECT_LE(sizeof(Selection), 16U);
}

}  // namespace
}  // namespace penstock

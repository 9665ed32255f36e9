#include "route/findings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Texts = std::vector<std::string>;

RouteEntry at(std::string_view id, std::string path, Texts methods = {}, Texts hosts = {},
              std::vector<Condition> conditions = {}) {
  return {id, std::move(hosts), std::move(methods), std::move(path), std::move(conditions)};
}

Condition header(std::string name, Condition::Operator op, std::string value = {}) {
  return {Condition::Subject::header, op, std::move(name), std::move(value)};
}
Condition query(std::string name, Condition::Operator op, std::string value = {}) {
  return {Condition::Subject::query, op, std::move(name), std::move(value)};
}
constexpr auto kEquals = Condition::Operator::equals;
constexpr auto kPresent = Condition::Operator::present;
constexpr auto kAbsent = Condition::Operator::absent;
constexpr auto kRegex = Condition::Operator::regex;

// `b is like a: GET /x`, `b is in the shadow of a: …`, `b never matches: …`.
Texts faults(const std::vector<RouteEntry>& entries) {
  Texts out;
  for (const auto& finding : find_route_faults(entries, 100).list) {
    const auto& id = entries[finding.route].route_id;
    const auto& winner = entries[finding.winner].route_id;
    if (finding.kind == RouteFinding::Kind::unreachable)
      out.push_back(fmt::format("{} never matches: {}", id, finding.why));
    else if (finding.kind == RouteFinding::Kind::alike)
      out.push_back(fmt::format("{} is like {}: {}", id, winner, finding.witness));
    else
      out.push_back(fmt::format("{} is in the shadow of {}: {}", id, winner, finding.witness));
  }
  return out;
}

TEST(RouteFindings, AreNoneForATableWithoutFaults) {
  EXPECT_THAT(
      faults({at("a", "/*"), at("b", "/x"), at("c", "/x", {"GET"}), at("d", "/x", {"POST"}),
              at("e", "/{id}"), at("f", "/{id:[0-9]+}"), at("g", "/{id}.json"), at("h", "/{x}/*"),
              at("i", "/x", {}, {"h"}), at("j", "/x", {}, {"*.h"}),
              at("k", "/x", {"GET"}, {}, {header("X-V", kEquals, "2")}),
              at("l", "/x", {"GET"}, {}, {header("X-V", kEquals, "2"), query("d", kPresent)}),
              at("m", "/x", {"GET"}, {}, {header("X-V", kEquals, "3")}), at("n", "/"),
              at("o", "/x", {"HEAD"}), at("p", "/x/")}),
      IsEmpty());
}

TEST(RouteFindings, NameRoutesOfTheSameShape) {
  EXPECT_THAT(faults({at("b", "/o/{id}"), at("a", "/o/{x}")}),
              ElementsAre("b is like a: GET /o/7f3"));
  EXPECT_THAT(faults({at("b", "/o/{id}", {"GET"}), at("a", "/o/{x}", {"POST", "GET"})}),
              ElementsAre("b is like a: GET /o/7f3"));
  EXPECT_THAT(faults({at("b", "/o", {}, {"h", "i"}), at("a", "/o", {}, {"I"})}),
              ElementsAre("b is like a: GET i/o"));
  EXPECT_THAT(faults({at("b", "/{x}-{y}.z"), at("a", "/{c}-{d}.z")}),
              ElementsAre("b is like a: GET /7f3-7f3.z"));
  EXPECT_THAT(
      faults({at("b", "/{x:[a-c]+}/*", {}, {"*.h"}), at("a", "/{y:[a-c]+}/*", {}, {"*.h"})}),
      ElementsAre("b is like a: GET zq.h/a/zq1/zq2/zq3"));
  EXPECT_THAT(
      faults({at("b", "/x", {}, {}, {header("X-V", kEquals, "2"), query("q q", kPresent)}),
              at("a", "/x", {}, {}, {query("q q", kPresent), header("x-v", kEquals, "2")})}),
      ElementsAre("b is like a: GET /x?q%20q=7f3 with X-V: 2"));
}

TEST(RouteFindings, SayItOnceForAPair) {
  EXPECT_THAT(faults({at("b", "/o", {"GET", "POST"}, {"h", "i"}),
                      at("a", "/o", {"POST", "GET"}, {"h", "i"})}),
              ElementsAre("b is like a: GET h/o"));
}

TEST(RouteFindings, NameRoutesInAnothersShadow) {
  EXPECT_THAT(faults({at("b", "/o/{id}"), at("a", "/o/{x:.+}")}),
              ElementsAre("b is in the shadow of a: GET /o/7f3"));
  EXPECT_THAT(faults({at("b", "/o", {}, {}, {header("V", kPresent)}),
                      at("a", "/o", {}, {}, {header("V", kRegex, ".*")})}),
              ElementsAre("b is in the shadow of a: GET /o with V: 7f3"));
}

TEST(RouteFindings, SayThatAMethodGoesBeforeConditions) {
  EXPECT_THAT(
      faults({at("v2", "/o", {}, {}, {header("V", kEquals, "2")}), at("get", "/o", {"GET"})}),
      ElementsAre("v2 is in the shadow of get: GET /o with V: 2"));
  EXPECT_THAT(faults({at("all", "/o"), at("get", "/o", {"GET"})}), IsEmpty());
}

TEST(RouteFindings, NameRoutesThatNeverMatch) {
  EXPECT_THAT(faults({at("a", "/x%2Fy")}), ElementsAre(HasSubstr("a never matches: its path has an "
                                                                 "encoded slash")));
  auto allowed = at("a", "/x%2Fy");
  allowed.encoded_slashes = true;
  EXPECT_THAT(faults({allowed}), IsEmpty());
  const auto never = [](std::vector<Condition> conditions) {
    return faults({at("a", "/x", {}, {}, std::move(conditions))});
  };
  EXPECT_THAT(
      never({header("V", kEquals, "1"), header("v", kEquals, "2")}),
      ElementsAre("a never matches: `header v = 1` and `header v = 2` never hold together"));
  EXPECT_THAT(never({query("V", kAbsent), query("V", kPresent)}),
              ElementsAre(HasSubstr("never hold together")));
  EXPECT_THAT(never({query("V", kEquals, "a"), query("V", kRegex, "[0-9]")}),
              ElementsAre(HasSubstr("`query V = a` and `query V matches [0-9]`")));
  EXPECT_THAT(never({header("V", kEquals, "1"), query("V", kEquals, "2")}), IsEmpty());
  EXPECT_THAT(never({header("V", kEquals, "1"), header("v", kEquals, "1")}), IsEmpty());
}

TEST(RouteFindings, ClaimNothingOfARegexTheyDoNotUnderstand) {
  EXPECT_THAT(faults({at("b", "/o/{id:(?i)x}"), at("a", "/o/{y:.+}")}), IsEmpty());
  EXPECT_THAT(faults({at("b", "/o/{id:\\pL+}"), at("a", "/o/{y:.+}")}), IsEmpty());
}

TEST(RouteFindings, AreBounded) {
  std::vector<RouteEntry> entries(500, at("same", "/o"));
  const auto found = find_route_faults(entries, 10);
  EXPECT_EQ(found.list.size(), 10u);
  EXPECT_EQ(found.left_out, 489u);
  EXPECT_TRUE(found.complete);
}

}  // namespace
}  // namespace penstock

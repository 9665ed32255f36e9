#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "route/findings.h"
#include "route/generated_routes.h"
#include "route/listed_routes.h"
#include "route/router.h"
#include "route/witness.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ListedRoutes listed(const std::string& name) {
  std::ifstream in(fmt::format("{}/routes-{}.txt", PENSTOCK_TEST_DATA, name));
  EXPECT_TRUE(in) << name;
  ListedRoutes routes;
  routes.read(in);
  return routes;
}

// Every route answers one of its witnesses, but those that lose to another of their shape; their
// number is what is returned.
std::size_t reach_all(const std::vector<RouteEntry>& entries) {
  const auto router = Router::compile(entries);
  if (!router) {
    ADD_FAILURE() << router.error();
    return 0;
  }
  const auto findings = find_route_faults(entries, entries.size());
  EXPECT_TRUE(findings.complete);
  std::set<std::uint32_t> lost;
  for (const auto& finding : findings.list) {
    EXPECT_EQ(finding.kind, RouteFinding::Kind::alike) << finding.witness;
    EXPECT_LT(entries[finding.winner].route_id, entries[finding.route].route_id);
    lost.insert(finding.route);
  }
  Witnesses witnesses(entries);
  RegexSet regexes;
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    const auto pattern = Pattern::parse(entry.path, regexes);
    bool reached = false;
    for (unsigned variation = 0; variation < Witnesses::kVariations; ++variation) {
      const auto host = entry.hosts.empty() ? std::string_view() : entry.hosts[0];
      const auto witness = witnesses.make(entry, *pattern, host, entry.methods[0], variation);
      const auto match = router->match(witness->request());
      EXPECT_TRUE(match.found()) << witness->to_text();
      reached = reached || match.route == i;
    }
    EXPECT_EQ(reached, !lost.contains(i)) << entry.methods[0] << ' ' << entry.path;
  }
  return lost.size();
}

TEST(RealTables, OfGitHubAreServedWhole) {
  EXPECT_EQ(reach_all(listed("github").entries()), 0u);
}

TEST(RealTables, OfKubernetesAreServedButForTwoOfOneShape) {
  EXPECT_GT(reach_all(listed("kubernetes").entries()), 0u);
}

TEST(RealTables, OfGraphAreServedWhole) {
  EXPECT_EQ(reach_all(listed("msgraph").entries()), 0u);
}

TEST(RealTables, OfStripeAreServedWhole) {
  EXPECT_EQ(reach_all(listed("stripe").entries()), 0u);
}

TEST(RealTables, OfManyHostsAreServed) {
  reach_all(listed("multihost").entries());
}

// What descriptions have that no router asks for: `//`, quotation marks, `{.format}`, `{id:}`, one
// name twice.
TEST(RealTables, OfOddPathsAreServedWhole) {
  const auto odd = listed("odd");
  EXPECT_EQ(reach_all(odd.entries()), 0u);
  EXPECT_EQ(odd.entries().size(), 12u);
}

TEST(RealTables, LeaveOutWhatNoGatewayCouldServeAndSayWhy) {
  std::istringstream in("GET h/a\r\n\nGET ,/api\nTRACE h/a\nG(T h/a\nGET h/a?b\nGET\n");
  ListedRoutes routes;
  routes.read(in);
  ASSERT_EQ(routes.entries().size(), 1u);
  EXPECT_EQ(routes.entries()[0].path, "/a");
  std::vector<std::string> said;
  for (const auto& [line, why] : routes.left_out()) said.push_back(why);
  EXPECT_THAT(said,
              ElementsAre(HasSubstr("host `,`: "), HasSubstr("method `TRACE`: the gateway refuses"),
                          HasSubstr("method `G(T`"), HasSubstr("path `/a?b`: "),
                          HasSubstr("no method and path")));
}

TEST(GeneratedTables, AreServedWhole) {
  for (const std::size_t count : {10, 3000}) {
    const GeneratedRoutes generated(count, count);
    EXPECT_EQ(generated.entries().size(), count);
    reach_all(generated.entries());
  }
}

TEST(GeneratedTables, AreTheSameForOneSeed) {
  const GeneratedRoutes a(7, 500);
  const GeneratedRoutes b(7, 500);
  const GeneratedRoutes c(8, 500);
  EXPECT_EQ(a.entries()[499].path, b.entries()[499].path);
  EXPECT_NE(a.entries()[499].path, c.entries()[499].path);
}

}  // namespace
}  // namespace penstock

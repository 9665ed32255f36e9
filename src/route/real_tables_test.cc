#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "route/findings.h"
#include "route/generated_routes.h"
#include "route/router.h"
#include "route/witness.h"

namespace penstock {
namespace {

// A table as it is listed in tests/data.
struct ListedRoutes {
  explicit ListedRoutes(const std::string& name) {
    std::ifstream in(fmt::format("{}/routes-{}.txt", PENSTOCK_TEST_DATA, name));
    for (std::string line; std::getline(in, line);) {
      const auto blank = line.find(' ');
      const auto slash = line.find('/');
      ids.push_back(fmt::format("r{:04}", ids.size()));
      auto& entry = entries.emplace_back();
      entry.route_id = ids.back();
      entry.methods = {line.substr(0, blank)};
      const auto host = line.substr(blank + 1, slash - blank - 1);
      if (!host.empty()) entry.hosts = {host.substr(0, host.find(':'))};
      entry.path = line.substr(slash);
    }
  }
  std::deque<std::string> ids;
  std::vector<RouteEntry> entries;
};

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
  EXPECT_EQ(reach_all(ListedRoutes("github").entries), 0u);
}

TEST(RealTables, OfKubernetesAreServedButForTwoOfOneShape) {
  EXPECT_GT(reach_all(ListedRoutes("kubernetes").entries), 0u);
}

TEST(RealTables, OfGraphAreServedWhole) {
  EXPECT_EQ(reach_all(ListedRoutes("msgraph").entries), 0u);
}

TEST(RealTables, OfStripeAreServedWhole) {
  EXPECT_EQ(reach_all(ListedRoutes("stripe").entries), 0u);
}

TEST(RealTables, OfManyHostsAreServed) {
  reach_all(ListedRoutes("multihost").entries);
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

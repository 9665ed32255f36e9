#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "route/router.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Texts = std::vector<std::string>;

RouteEntry at(std::string_view id, std::string path, Texts methods = {}, Texts hosts = {},
              std::vector<Condition> conditions = {}) {
  return {id, std::move(hosts), std::move(methods), std::move(path), std::move(conditions)};
}

// `* orders /api/orders/{id}: matches, and no other does`, the winner with a star.
Texts explain(const std::vector<RouteEntry>& entries, const RouteRequest& request) {
  Texts out;
  for (const auto& candidate : Router::compile(entries)->explain(request)) {
    EXPECT_EQ(candidate.route_id, entries[candidate.route].route_id);
    out.push_back(fmt::format("{}{} {}: {}", candidate.wins ? "* " : "", candidate.route_id,
                              candidate.path, candidate.says));
  }
  return out;
}

const Condition kVersion{Condition::Subject::header, Condition::Operator::equals, "X-Version",
                         "v2"};

TEST(Explain, SaysWhatFailedFirst) {
  http::Fields fields;
  fields.add("x-version", "v1");
  EXPECT_THAT(
      explain({at("a", "/api/orders/{id}", {"GET"}), at("b", "/api/ordrs/7", {"POST"}),
               at("c", "/api/orders", {"POST"}), at("d", "/api/orders/{id}/lines", {"POST"}),
               at("e", "/api/orders/{id:[0-9]+}", {"POST"}, {"*.example.com"}),
               at("f", "/api/orders/*", {"POST"}, {}, {kVersion}), at("g", "/api/o/x/*"),
               at("h", "/api/orders/get-{n}.json", {"POST"}, {"h"})},
              {"h", "/api/orders/7", "POST", "", &fields}),
      ElementsAre("a /api/orders/{id}: method: found POST, expected GET, HEAD",
                  "f /api/orders/*: header X-Version: found \"v1\", expected \"v2\"",
                  "h /api/orders/get-{n}.json: path segment 3: found \"7\", expected "
                  "\"get-{}.json\"",
                  "e /api/orders/{id:[0-9]+}: host: found h, expected *.example.com",
                  "c /api/orders: path segment 3: found \"7\", expected the path's end",
                  "d /api/orders/{id}/lines: path: ends after 3 segments, expected \"lines\" next",
                  "b /api/ordrs/7: path segment 2: found \"orders\", expected \"ordrs\""));
}

TEST(Explain, SaysWhyTheWinnerGoesFirst) {
  const auto winner = [](std::vector<RouteEntry> entries, const RouteRequest& request) {
    const auto all = explain(entries, request);
    EXPECT_GE(all.size(), 2u);
    EXPECT_TRUE(all[1].ends_with("matches too")) << all[1];
    return all[0];
  };
  const RouteRequest get{"a.b.h", "/x/y", "GET"};
  EXPECT_EQ(winner({at("a", "/*"), at("b", "/*", {}, {"a.b.h"})}, get),
            "* b /*: goes first: its host is exact");
  EXPECT_EQ(winner({at("a", "/*", {}, {"*.h"}), at("b", "/*", {}, {"*.b.h"})}, get),
            "* b /*: goes first: its host is the more specific one");
  EXPECT_EQ(winner({at("a", "/x/{p}"), at("b", "/x/y")}, get),
            "* b /x/y: goes first: segment 2 of its path is the more specific: a literal before a "
            "whole parameter");
  EXPECT_EQ(winner({at("a", "/x/{p}"), at("b", "/x/{p:[a-z]}")}, get),
            "* b /x/{p:[a-z]}: goes first: segment 2 of its path is the more specific: `{:[a-z]}` "
            "before a whole parameter");
  EXPECT_EQ(winner({at("a", "/x/*"), at("b", "/x/{p}")}, get),
            "* b /x/{p}: goes first: its prefix is longer: segment 2");
  EXPECT_EQ(winner({at("a", "/x/y/*"), at("b", "/x/y")}, get),
            "* b /x/y: goes first: its path ends where the request's does");
  EXPECT_EQ(winner({at("a", "/x/y"), at("b", "/x/y", {"GET"})}, get),
            "* b /x/y: goes first: it lists the method");
  EXPECT_EQ(winner({at("b", "/x/y"), at("a", "/x/y")}, get),
            "* a /x/y: goes first: its routeId is lower");
  http::Fields fields;
  fields.add("X-Version", "v2");
  EXPECT_EQ(winner({at("a", "/x/y"), at("b", "/x/y", {}, {}, {kVersion})},
                   {"h", "/x/y", "GET", "", &fields}),
            "* b /x/y: goes first: it has more conditions");
  EXPECT_THAT(explain({at("a", "/x/y")}, get), ElementsAre("* a /x/y: matches, and no other does"));
}

TEST(Explain, ShowsARouteOnceAndNotTooMany) {
  EXPECT_THAT(explain({at("a", "/x", {}, {"h", "i", "*.h"})}, {"h", "/x", "GET"}), SizeIs(1));
  std::vector<std::string> ids;
  for (int i = 0; i < 3000; ++i) ids.push_back(fmt::format("r{:04}", i));
  std::vector<RouteEntry> entries;
  for (const auto& id : ids) entries.push_back(at(id, "/a/" + id));
  const auto all = explain(entries, {"h", "/a/r2999", "GET"});
  EXPECT_THAT(all, SizeIs(RouteCandidate::kMost));
  EXPECT_EQ(all[0], "* r2999 /a/r2999: matches, and no other does");
  EXPECT_THAT(explain({at("a", "/x/y/z")}, {"h", "/q/r/s", "GET"}), IsEmpty());
  EXPECT_THAT(explain({}, {"h", "/", "GET"}), IsEmpty());
}

}  // namespace
}  // namespace penstock

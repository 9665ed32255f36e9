#include "route/router.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace penstock {
namespace {

using testing::HasSubstr;
using Texts = std::vector<std::string>;

Router compiled(const std::vector<RouteEntry>& entries) {
  auto router = Router::compile(entries);
  if (!router) {
    ADD_FAILURE() << router.error();
    return *Router::compile({});
  }
  return std::move(*router);
}

// A table whose routes answer with their routeId and parameters: `orders id=7`.
struct Table {
  explicit Table(std::vector<RouteEntry> routes)
      : entries(std::move(routes)), router(compiled(entries)) {}

  std::string ask(std::string_view path, std::string_view method = "GET",
                  std::string_view host = "h") const {
    const auto match = router.match({host, path, method});
    switch (match.kind) {
      case RouteMatch::Kind::no_host:
        return "no_host";
      case RouteMatch::Kind::no_path:
        return "no_path";
      case RouteMatch::Kind::no_method:
        return "allow " + router.text_of(match.allowed);
      case RouteMatch::Kind::found:
        break;
    }
    std::string out(entries[match.route].route_id);
    EXPECT_EQ(match.parameters, router.parameter_count(match.route));
    for (std::size_t i = 0; i < match.parameters; ++i)
      out += fmt::format(" {}={}", router.parameter_name(match.route, i), match.parameter(i));
    return out;
  }

  std::vector<RouteEntry> entries;
  Router router;
};

RouteEntry at(std::string_view id, std::string path, Texts methods = {}, Texts hosts = {}) {
  return {id, std::move(hosts), std::move(methods), std::move(path)};
}

TEST(Router, FindsLiteralsParametersAndWhatIsBelow) {
  const Table table({at("root", "/"), at("orders", "/api/orders"), at("order", "/api/orders/{id}"),
                     at("line", "/api/orders/{order}/lines/{line}"), at("users", "/api/users/*")});
  EXPECT_EQ(table.ask("/"), "root");
  EXPECT_EQ(table.ask("/api/orders"), "orders");
  EXPECT_EQ(table.ask("/api/orders/7"), "order id=7");
  EXPECT_EQ(table.ask("/api/orders/a%2Fb"), "order id=a%2Fb");
  EXPECT_EQ(table.ask("/api/orders/7/lines/9"), "line order=7 line=9");
  EXPECT_EQ(table.ask("/api/users"), "users");
  EXPECT_EQ(table.ask("/api/users/"), "users");
  EXPECT_EQ(table.ask("/api/users/7/x"), "users");
  for (auto path : {"/api", "/api/order", "/api/orders/7/lines", "/api/orders/7/lines/9/x",
                    "/api/userss", "/API/orders", "", "*", "api/orders"})
    EXPECT_EQ(table.ask(path), "no_path") << path;
}

TEST(Router, CountsATrailingSlash) {
  const Table table({at("bare", "/a"), at("slash", "/a/"), at("param", "/b/{x}")});
  EXPECT_EQ(table.ask("/a"), "bare");
  EXPECT_EQ(table.ask("/a/"), "slash");
  EXPECT_EQ(table.ask("/b/"), "no_path");
  EXPECT_EQ(table.ask("/b/1/"), "no_path");
}

TEST(Router, PrefersLiteralToParameterToBelow) {
  const Table table({at("all", "/*"), at("below", "/a/*"), at("param", "/a/{x}"),
                     at("literal", "/a/b"), at("exact", "/a")});
  EXPECT_EQ(table.ask("/a/b"), "literal");
  EXPECT_EQ(table.ask("/a/c"), "param x=c");
  EXPECT_EQ(table.ask("/a"), "exact");
  EXPECT_EQ(table.ask("/a/"), "below");
  EXPECT_EQ(table.ask("/a/b/c"), "below");
  EXPECT_EQ(table.ask("/b"), "all");
  EXPECT_EQ(table.ask("/"), "all");
}

TEST(Router, ComparesFromTheLeftAndBacksUp) {
  const Table table({at("left", "/a/{x}/{y}"), at("right", "/{x}/b/c"), at("deep", "/a/b/{y}/d"),
                     at("far", "/{x}/{y}/c/*")});
  EXPECT_EQ(table.ask("/a/b/c"), "left x=b y=c");
  EXPECT_EQ(table.ask("/z/b/c"), "right x=z");
  EXPECT_EQ(table.ask("/a/b/c/d"), "deep y=c");
  EXPECT_EQ(table.ask("/a/b/c/e"), "far x=a y=b");
  EXPECT_EQ(table.ask("/a/b/x/e"), "no_path");
}

TEST(Router, PrefersListedMethodsThenTheLowestRouteId) {
  const Table table({at("c", "/x"), at("b", "/x", {"POST", "GET"}), at("a", "/x", {"PUT"}),
                     at("d", "/x", {"GET"}), at("0", "/x")});
  EXPECT_EQ(table.ask("/x", "GET"), "b");
  EXPECT_EQ(table.ask("/x", "PUT"), "a");
  EXPECT_EQ(table.ask("/x", "DELETE"), "0");
}

TEST(Router, LetsGetServeHeadUnlessHeadIsListed) {
  const Table table({at("a", "/x", {"GET"}), at("b", "/x", {"HEAD"}), at("c", "/y", {"GET"}),
                     at("d", "/z"), at("e", "/z", {"GET"}), at("f", "/w", {"POST"})});
  EXPECT_EQ(table.ask("/x", "HEAD"), "b");
  EXPECT_EQ(table.ask("/x", "GET"), "a");
  EXPECT_EQ(table.ask("/y", "HEAD"), "c");
  EXPECT_EQ(table.ask("/z", "HEAD"), "e");
  EXPECT_EQ(table.ask("/w", "HEAD"), "allow POST");
}

TEST(Router, FallsBackAcrossMethodsPathsAndHosts) {
  const Table table({at("literal", "/a/b", {"POST"}), at("param", "/a/{x}", {"PUT"}),
                     at("below", "/a/*", {"DELETE"}), at("host", "/a/b", {"PATCH"}, {"h", "h2"})});
  EXPECT_EQ(table.ask("/a/b", "POST"), "literal");
  EXPECT_EQ(table.ask("/a/b", "PUT"), "param x=b");
  EXPECT_EQ(table.ask("/a/b", "DELETE"), "below");
  EXPECT_EQ(table.ask("/a/b", "PATCH"), "host");
  EXPECT_EQ(table.ask("/a/b", "PATCH", "h2"), "host");
  EXPECT_EQ(table.ask("/a/b", "GET"), "allow POST, PUT, DELETE, PATCH");
  EXPECT_EQ(table.ask("/a/b", "GET", "other"), "allow POST, PUT, DELETE");
  EXPECT_EQ(table.ask("/a/c", "GET"), "allow PUT, DELETE");
}

TEST(Router, PrefersTheExactHost) {
  const Table table({at("any", "/a/b"), at("exact", "/*", {}, {"H"})});
  EXPECT_EQ(table.ask("/a/b"), "exact");
  EXPECT_EQ(table.ask("/a/b", "GET", "other"), "any");
}

TEST(Router, SaysWhatMissed) {
  const Table table({at("a", "/a", {}, {"h"})});
  EXPECT_EQ(table.ask("/a", "GET", "other"), "no_host");
  EXPECT_EQ(table.ask("/a", "GET", ""), "no_host");
  EXPECT_EQ(table.ask("/b"), "no_path");
  EXPECT_EQ(Table({}).ask("/"), "no_host");
  EXPECT_EQ(Table({at("a", "/a")}).ask("/b", "GET", "other"), "no_path");
}

TEST(Router, KnowsMethodsOfOnesOwnByText) {
  const Table table({at("a", "/x", {"PURGE", "GET"}), at("b", "/y", {"BAN"}), at("c", "/z")});
  EXPECT_EQ(table.ask("/x", "PURGE"), "a");
  EXPECT_EQ(table.ask("/x", "BAN"), "allow GET, HEAD, PURGE");
  EXPECT_EQ(table.ask("/x", "purge"), "allow GET, HEAD, PURGE");
  EXPECT_EQ(table.ask("/y", "UNHEARD"), "allow BAN");
  EXPECT_EQ(table.ask("/z", "UNHEARD"), "c");
}

TEST(Router, KeepsParametersOfEachRouteApart) {
  const Table table({at("a", "/{x}", {"GET"}), at("b", "/{y}", {"POST"})});
  EXPECT_EQ(table.ask("/1", "GET"), "a x=1");
  EXPECT_EQ(table.ask("/1", "POST"), "b y=1");
}

TEST(Router, NamesTheRouteThatIsWrong) {
  const auto error = [](RouteEntry entry) {
    const std::vector<RouteEntry> entries{at("good", "/"), std::move(entry)};
    const auto router = Router::compile(entries);
    return router ? "accepted" : router.error();
  };
  EXPECT_EQ(error(at("r", "a")), "route `r`: path `a`: a path begins with `/`");
  EXPECT_THAT(error(at("r", "/", {"G T"})), HasSubstr("route `r`: method `G T`"));
  EXPECT_THAT(error(at("r", "/", {"get"})), HasSubstr("write `GET`"));
  EXPECT_THAT(error(at("r", "/", {}, {"*.1"})), HasSubstr("route `r`: host `*.1`: an address"));
  Texts many;
  for (int i = 0; i < 60; ++i) many.push_back(fmt::format("M{}", i));
  EXPECT_THAT(error(at("r", "/", many)), HasSubstr("at most 54"));
}

TEST(Router, DoesNotLookDeeperThanItsPatterns) {
  const Table table({at("below", "/a/*"), at("deep", "/a/{x}/c")});
  std::string path = "/a";
  for (int i = 0; i < 4000; ++i) path += "/b";
  EXPECT_EQ(table.ask(path), "below");
  EXPECT_EQ(Table({at("all", "/*")}).ask(path), "all");
}

TEST(Router, TriesEveryPrefixThatAgreesOnce) {
  constexpr unsigned kDepth = 12;
  std::vector<RouteEntry> entries;
  std::vector<std::string> ids;
  ids.reserve(1U << kDepth);
  for (unsigned bits = 0; bits < 1U << kDepth; ++bits) {
    std::string path;
    for (unsigned i = 0; i < kDepth; ++i)
      path += (bits >> i & 1) != 0 ? fmt::format("/{{p{}}}", i) : "/a";
    ids.push_back(fmt::format("{:03x}", bits));
    entries.push_back(at(ids.back(), path + "/end", {bits + 1 == 1U << kDepth ? "PUT" : "POST"}));
  }
  const Table table(std::move(entries));
  std::string path;
  for (unsigned i = 0; i < kDepth; ++i) path += "/a";
  EXPECT_TRUE(table.ask(path + "/end", "PUT").starts_with("fff p0=a"));
  EXPECT_EQ(table.ask(path + "/end", "GET"), "allow POST, PUT");
  EXPECT_EQ(table.ask(path + "/not"), "no_path");
}

TEST(Router, HoldsManyRoutesInLittleMemory) {
  constexpr std::size_t kRoutes = 20'000;
  std::vector<std::string> ids(kRoutes);
  std::vector<RouteEntry> entries;
  for (std::size_t i = 0; i < kRoutes; ++i) {
    ids[i] = fmt::format("route-{}", i);
    entries.push_back(at(ids[i], fmt::format("/api/v{}/things{}/{{id}}/parts", i % 7, i), {"GET"}));
  }
  const Table table(std::move(entries));
  EXPECT_EQ(table.ask("/api/v4/things19100/42/parts"), "route-19100 id=42");
  EXPECT_LT(table.router.memory(), kRoutes * 250);
}

}  // namespace
}  // namespace penstock

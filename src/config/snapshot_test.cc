#include "config/snapshot.h"

#include <gtest/gtest.h>

#include "config/load.h"

namespace penstock {
namespace {

Document document_of(std::string_view text) {
  auto loaded = load_text("t", text, [](std::string_view) { return std::nullopt; });
  for (const auto& finding : loaded.findings)
    if (finding.severity != schema::Severity::warning) ADD_FAILURE() << to_text(finding);
  return std::move(loaded.config.document);
}

constexpr std::string_view kTwo = R"(
listeners: [ { name: public, address: "127.0.0.1:8080" } ]
services:
  - { serviceName: first, instances: [ { host: 127.0.0.1, port: 9001 } ] }
  - { serviceName: second, instances: [ { host: 127.0.0.1, port: 9002 } ] }
routes:
  - { routeId: b, methods: [ GET, POST ], path: "/b/{id}", upstreamService: second,
      authRequired: false, stream: true }
  - { routeId: a, method: GET, path: "/a", host: x.test, upstreamService: first }
)";

TEST(Snapshot, RoutesAreFoundAndKnowTheirService) {
  const auto snapshot = compile(document_of(kTwo), 7);
  ASSERT_TRUE(snapshot.has_value());
  const auto& compiled = **snapshot;
  EXPECT_EQ(compiled.version, 7U);
  ASSERT_EQ(compiled.services.size(), 2U);
  const auto found = compiled.router.match({.host = "any.test", .path = "/b/1", .method = "POST"});
  ASSERT_EQ(found.kind, RouteMatch::Kind::found);
  const auto& route = compiled.routes[found.route];
  EXPECT_EQ(route.route_id, "b");
  EXPECT_EQ(route.path, "/b/{id}");
  Random random(1);
  Arena arena;
  const auto selected = route.selection.choose({.fields = http::Fields{}}, random, arena);
  ASSERT_TRUE(selected.has_value());
  EXPECT_EQ(compiled.services[selected->service].service_name.value, "second");
  EXPECT_FALSE(route.auth_required);
  EXPECT_TRUE(route.stream);
}

TEST(Snapshot, ARouteIsProtectedUnlessItSaysOtherwise) {
  const auto snapshot = compile(document_of(kTwo), 1);
  ASSERT_TRUE(snapshot.has_value());
  const auto found = (*snapshot)->router.match({.host = "x.test", .path = "/a", .method = "GET"});
  ASSERT_EQ(found.kind, RouteMatch::Kind::found);
  EXPECT_TRUE((*snapshot)->routes[found.route].auth_required);
  EXPECT_FALSE((*snapshot)->routes[found.route].stream);
}

TEST(Snapshot, ServicesKeepTheirSettings) {
  auto document = document_of(kTwo);
  document.services[1].timeouts.total = std::chrono::seconds(7);
  const auto snapshot = compile(document, 1);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ((*snapshot)->services[1].timeouts.total, std::chrono::seconds(7));
}

TEST(Snapshot, ARouteWithoutItsServiceIsNamed) {
  auto document = document_of(kTwo);
  document.services.pop_back();
  const auto snapshot = compile(document, 1);
  ASSERT_FALSE(snapshot.has_value());
  EXPECT_EQ(snapshot.error(), "route b names no service");
}

TEST(Snapshot, ARouteThatCannotBeCompiledIsAnError) {
  auto document = document_of(kTwo);
  document.routes[0].path.value = "no slash";
  const auto snapshot = compile(document, 1);
  ASSERT_FALSE(snapshot.has_value());
  EXPECT_FALSE(snapshot.error().empty());
}

TEST(Snapshot, AnEmptyDocumentServesNothing) {
  const auto snapshot = compile(Document{}, 1);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ((*snapshot)->router.match({.host = "h", .path = "/", .method = "GET"}).kind,
            RouteMatch::Kind::no_host);
}

}  // namespace
}  // namespace penstock

#include "config/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "config/load.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kBase =
    R"(listeners: [ { name: public, address: "0.0.0.0:8080", limits: { headers: 50, connections: 7 } } ]
runtime: { workers: 2, drainDelay: 1s }
services:
  - { serviceName: orders, instances: [ { host: a, port: 1 }, { host: b, port: 2 } ] }
  - { serviceName: users, instances: [ { host: c, port: 3 } ] }
routes:
  - { routeId: get, method: GET, path: "/orders", upstreamService: orders, authRequired: false }
  - { routeId: all, path: "/users/*", upstreamService: users, authRequired: false }
)";

Loaded laid(std::vector<std::string> overs) {
  std::vector<DocumentText> texts{{"base.yaml", std::string(kBase)}};
  for (std::size_t i = 0; i < overs.size(); ++i)
    texts.push_back({"over" + std::to_string(i + 1) + ".yaml", std::move(overs[i])});
  return load_texts(texts, [](std::string_view) { return std::optional<std::string>(); });
}

std::vector<std::string> said(const Loaded& loaded) {
  std::vector<std::string> lines;
  for (const auto& finding : loaded.findings) lines.push_back(to_text(finding));
  return lines;
}

TEST(Overlay, MergesMapsKeyByKey) {
  const auto loaded = laid({"runtime: { workers: 8 }\nadmin: { address: '127.0.0.1:1' }\n"});
  EXPECT_THAT(said(loaded), IsEmpty());
  const auto& node = loaded.config.node;
  EXPECT_EQ(node.runtime.workers, 8u);
  EXPECT_EQ(node.runtime.drain_delay, std::chrono::seconds(1));
  EXPECT_EQ(node.admin.address.value, "127.0.0.1:1");
  EXPECT_EQ(loaded.config.document.routes.size(), 2u);
}

TEST(Overlay, MergesObjectsByTheirIdAndAppendsNewOnes) {
  const auto loaded = laid({R"(
listeners: [ { name: public, limits: { headers: 60 } }, { name: more, address: "0.0.0.0:8081" } ]
routes:
  - { routeId: new, path: "/new", upstreamService: users, authRequired: false }
  - { routeId: get, path: "/api/orders" }
)"});
  EXPECT_THAT(said(loaded), IsEmpty());
  const auto& [node, document, sources] = loaded.config;
  EXPECT_THAT(sources, ElementsAre("base.yaml", "over1.yaml"));
  ASSERT_EQ(node.listeners.size(), 2u);
  EXPECT_EQ(node.listeners[0].limits.headers, 60u);
  EXPECT_EQ(node.listeners[0].limits.connections, 7u);
  EXPECT_EQ(node.listeners[0].address.value, "0.0.0.0:8080");
  EXPECT_EQ(node.listeners[1].name.value, "more");
  ASSERT_EQ(document.routes.size(), 3u);
  EXPECT_EQ(document.routes[0].route_id.value, "get");
  EXPECT_EQ(document.routes[0].path.value, "/api/orders");
  EXPECT_EQ(document.routes[0].select.target.upstream_service->value, "orders");
  EXPECT_EQ(document.routes[2].route_id.value, "new");
}

TEST(Overlay, ReplacesOtherLists) {
  const auto loaded =
      laid({"services: [ { serviceName: orders, instances: [ { host: z, port: 9 } ] } ]\n"});
  EXPECT_THAT(said(loaded), IsEmpty());
  const auto& instances = loaded.config.document.services.at(0).instances;
  ASSERT_EQ(instances.size(), 1u);
  EXPECT_EQ(instances[0].host.value, "z");
}

TEST(Overlay, ReplacesTheOtherSpellingOfAList) {
  const auto loaded = laid({"routes: [ { routeId: get, methods: [ GET, PUT ] } ]\n",
                            "routes: [ { routeId: all, host: h.example } ]\n",
                            "routes: [ { routeId: get, method: POST } ]\n"});
  EXPECT_THAT(said(loaded), IsEmpty());
  const auto& routes = loaded.config.document.routes;
  ASSERT_EQ(routes[0].methods.size(), 1u);
  EXPECT_EQ(routes[0].methods[0].value, "POST");
  EXPECT_EQ(routes[1].hosts[0].value, "h.example");
}

TEST(Overlay, ReplacesOneWayToAServiceByAnother) {
  const auto split =
      laid({"routes: [ { routeId: get, split: [ { upstreamService: users, "
            "weight: 1 } ] } ]\n"});
  EXPECT_THAT(said(split), IsEmpty());
  EXPECT_FALSE(split.config.document.routes[0].select.target.upstream_service);
  EXPECT_TRUE(split.config.document.routes[0].select.target.split);
}

TEST(Overlay, MergesVersionsByTheirNames) {
  const auto loaded = laid(
      {"routes: [ { routeId: get, versions: { header: V, to: { v1: { upstreamService: orders } } } "
       "} ]\n",
       "routes: [ { routeId: get, versions: { to: { v1: { sunset: 2030-01-01 }, v2: { "
       "upstreamService: users } } } } ]\n"});
  EXPECT_THAT(said(loaded), IsEmpty());
  const auto& versions = loaded.config.document.routes[0].select.versions->to.entries;
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0].value.target.upstream_service->value, "orders");
  EXPECT_TRUE(versions[0].value.sunset);
  EXPECT_EQ(versions[1].key.value, "v2");
}

TEST(Overlay, RefusesBothSpellingsOfOneOverlay) {
  EXPECT_THAT(said(laid({"routes: [ { routeId: get, methods: [ GET ], method: PUT } ]\n"})),
              ElementsAre(HasSubstr("over1.yaml:1:27 routes[0]: found both \"method\"")));
}

TEST(Overlay, TakesAwayWhatItSetsToNothing) {
  const auto loaded =
      laid({"runtime: { workers: ~ }\nroutes: [ { routeId: get, method: null } ]\n"});
  EXPECT_THAT(said(loaded), IsEmpty());
  EXPECT_EQ(loaded.config.node.runtime.workers, NodeSettings().runtime.workers);
  EXPECT_THAT(loaded.config.document.routes[0].methods, IsEmpty());
}

TEST(Overlay, RefusesToTakeAwayWhatIsNotThere) {
  EXPECT_THAT(said(laid({"runtime: { wrkers: ~ }\n"})),
              ElementsAre(HasSubstr("over1.yaml:1:12 runtime: found the key \"wrkers\"")));
  EXPECT_THAT(said(laid({"runtime: { pinWorkers: ~ }\n"})),
              ElementsAre(HasSubstr("over1.yaml:1:24 runtime.pinWorkers: found nothing")));
  EXPECT_THAT(said(laid({"routes: [ { routeId: get, path: ~ } ]\n"})),
              ElementsAre("base.yaml:7:5 routes[0].path: found no such key, expected text: it is "
                          "required"));
}

TEST(Overlay, NamesTheFileThatAMistakeIsIn) {
  const auto loaded = laid({"routes: [ { routeId: get, upstreamService: order } ]\n",
                            "runtime: { drainDelay: 5 }\n"
                            "services: [ { serviceName: users, pool: 7 } ]\n"});
  EXPECT_THAT(
      said(loaded),
      ElementsAre("over1.yaml:1:44 routes[0].upstreamService: found \"order\", expected the "
                  "serviceName of a service; did you mean \"orders\"?",
                  HasSubstr("over2.yaml:1:24 runtime.drainDelay: found 5, expected a duration"),
                  HasSubstr("over2.yaml:2:41 services[1].pool: found 7, expected a map of")));
}

TEST(Overlay, RefusesIdsAndKeysThatStandTwiceInOneFile) {
  EXPECT_THAT(
      said(laid({"routes:\n  - { routeId: get, path: /a }\n  - { routeId: get, path: /b }\n"
                 "runtime: { workers: 1 }\nruntime: { workers: 2 }\n"})),
      ElementsAre("over1.yaml:3:16 routes[1].routeId: found \"get\" a second time, expected "
                  "a routeId of its own: the first is in line 2",
                  "over1.yaml:5:1 runtime: found the key \"runtime\" a second time, "
                  "expected it once: the first is in line 4"));
}

TEST(Overlay, NamesTheOtherFileWhereTwoDiffer) {
  EXPECT_THAT(said(laid({"routes: [ { routeId: a, path: /orders, method: GET, upstreamService: "
                         "orders, authRequired: false } ]\n"})),
              ElementsAre(HasSubstr("base.yaml:7:40 routes[0].path: found \"/orders\" of route "
                                    "\"get\", which asks for the same as route \"a\" (line 1 of "
                                    "over1.yaml)")));
}

TEST(Overlay, ReplacesWhatIsOfAnotherKind) {
  EXPECT_THAT(said(laid({"routes: 5\n"})),
              ElementsAre("over1.yaml:1:9 routes: found 5, expected a list"));
  EXPECT_THAT(said(laid({"routes: [ 5, { routeId: [] } ]\n"})),
              ElementsAre(HasSubstr("over1.yaml:1:11 routes[2]: found 5, expected a map of"),
                          HasSubstr("over1.yaml:1:14 routes[3]: found none of \"upstreamService\""),
                          HasSubstr("over1.yaml:1:14 routes[3].path: found no such key"),
                          HasSubstr("over1.yaml:1:25 routes[3].routeId: found a list")));
}

TEST(Overlay, ReadsTheOthersWhenOneIsNoDocument) {
  EXPECT_THAT(said(laid({"routes: [", "runtime: [\n"})),
              ElementsAre(HasSubstr("over1.yaml:"), HasSubstr("over2.yaml:")));
}

TEST(Overlay, TakesAVariableFromWhatReplacesIt) {
  const std::vector<DocumentText> texts{
      {"base.yaml", "listeners: [ { name: a, address: '${NOT_SET}' } ]\n"},
      {"over.json", R"({ "listeners": [ { "name": "a", "address": "1.2.3.4:5" } ] })"}};
  const auto loaded =
      load_texts(texts, [](std::string_view) { return std::optional<std::string>(); });
  EXPECT_THAT(said(loaded), ElementsAre(HasSubstr("routes: found none")));
  EXPECT_EQ(loaded.config.node.listeners[0].address.value, "1.2.3.4:5");
}

}  // namespace
}  // namespace penstock

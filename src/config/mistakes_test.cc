// What a user reads who has made ten mistakes: golden lines, so that a change of a word is seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "config/load.h"

namespace penstock {
namespace {

using testing::ElementsAre;

constexpr std::string_view kTenMistakes = R"(listeners:
  - name: public
    address: "0.0.0.0:8080"
    limts: { headers: 10 }
  - { name: private, address: "0.0.0.0:8081", limits: { bodyBytes: 16M } }
services:
  - serviceName: order-service
    instances: [ { host: 10.0.1.10, port: 70000 } ]
    timeouts: { connect: 5 }
    pool: { maxConnections: many }
    loadBalancing: { strategy: roundrobbin }
routes:
  - { routeId: get, method: get, path: /api/orders, upstreamService: order-svc, authRequired: false }
  - { routeId: get, path: api/users, upstreamService: order-service, authRequired: false }
)";

std::vector<std::string> said(std::string_view text) {
  std::vector<std::string> lines;
  const auto loaded =
      load_text("gw.yaml", text, [](std::string_view) { return std::optional<std::string>(); });
  for (const auto& finding : loaded.findings) lines.push_back(to_text(finding));
  return lines;
}

TEST(Mistakes, EachHasItsPlaceAndWhatWouldBeRight) {
  EXPECT_THAT(
      said(kTenMistakes),
      ElementsAre(
          "gw.yaml:4:5 listeners[0]: found the key \"limts\", expected name, address, tls, limits, "
          "trustedProxies; did you mean \"limits\"?",
          "gw.yaml:5:68 listeners[1].limits.bodyBytes: found \"16M\", expected a size such as "
          "16KiB, "
          "from 0B to 1024GiB",
          "gw.yaml:8:43 services[0].instances[0].port: found 70000, expected a whole number from 1 "
          "to "
          "65535",
          "gw.yaml:9:26 services[0].timeouts.connect: found 5, expected a duration such as 1m30s, "
          "from "
          "1ms to 10m",
          "gw.yaml:10:29 services[0].pool.maxConnections: found \"many\", expected a whole number "
          "from "
          "1 to 1000000",
          "gw.yaml:11:32 services[0].loadBalancing.strategy: found \"roundrobbin\", expected "
          "roundRobin, leastConnections or random; did you mean \"roundRobin\"?",
          "gw.yaml:13:29 routes[0].method: found \"get\", expected a method such as GET; did you "
          "mean "
          "\"GET\"?",
          "gw.yaml:13:70 routes[0].upstreamService: found \"order-svc\", expected the serviceName "
          "of a "
          "service; did you mean \"order-service\"?",
          "gw.yaml:14:16 routes[1].routeId: found \"get\" a second time, expected a routeId of its "
          "own: "
          "the first is in line 13",
          "gw.yaml:14:27 routes[1].path: found \"api/users\", expected a path: a path begins with "
          "`/`"));
}

}  // namespace
}  // namespace penstock

#include "config/check_select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Findings of a file with two services and one public route with these keys, in line 7.
std::vector<std::string> findings_of(std::string_view keys) {
  const auto text = std::string(R"(
listeners: [ { name: public, address: "127.0.0.1:8080" } ]
services:
  - { serviceName: orders, instances: [ { host: 127.0.0.1, port: 9001 } ] }
  - { serviceName: orders-v2, instances: [ { host: 127.0.0.1, port: 9002 } ] }
routes:
  - { routeId: r, path: /r, authRequired: false, )") +
                    std::string(keys) + " }\n";
  std::vector<std::string> out;
  for (const auto& finding : load_text("t", text, [](auto) { return std::nullopt; }).findings) {
    auto said = to_text(finding);
    if (finding.severity == schema::Severity::warning) said = "warning " + said;
    out.push_back(said);
  }
  return out;
}

TEST(SelectCheck, TakesEachWayToNameAService) {
  EXPECT_THAT(findings_of("upstreamService: orders"), IsEmpty());
  EXPECT_THAT(findings_of("split: [ { upstreamService: orders, weight: 90 }, "
                          "{ upstreamService: orders-v2, weight: 10 } ], "
                          "stickyBy: { cookie: bucket }"),
              IsEmpty());
  EXPECT_THAT(
      findings_of("versions: { header: Accept-Version, default: v1, to: { "
                  "v1: { upstreamService: orders, deprecated: 2026-01-01, sunset: 2027-01-01, "
                  "successor: /api/v2 }, "
                  "v2: { split: [ { upstreamService: orders-v2, weight: 1 } ] } } }, "
                  "stickyBy: userId"),
      IsEmpty());
}

TEST(SelectCheck, AsksForExactlyOneWay) {
  EXPECT_THAT(findings_of(""),
              ElementsAre(HasSubstr("routes[0]: found none of \"upstreamService\", \"split\", "
                                    "\"versions\", expected exactly one of them")));
  EXPECT_THAT(findings_of("upstreamService: orders, "
                          "split: [ { upstreamService: orders-v2, weight: 1 } ]"),
              ElementsAre(HasSubstr("routes[0]: found both \"upstreamService\" and \"split\", "
                                    "expected exactly one of")));
  EXPECT_THAT(findings_of("versions: { header: V, to: { v1: { deprecated: 2026-01-01 } } }"),
              ElementsAre(HasSubstr("routes[0].versions.to.v1: found none of "
                                    "\"upstreamService\", \"split\", expected exactly one")));
}

TEST(SelectCheck, NamesServicesThatAreNotThereWhereverTheyStand) {
  const auto* const said =
      "found \"ordrs\", expected the serviceName of a service; did you mean \"orders\"?";
  EXPECT_THAT(findings_of("upstreamService: ordrs"),
              ElementsAre(HasSubstr(std::string("routes[0].upstreamService: ") + said)));
  EXPECT_THAT(findings_of("split: [ { upstreamService: ordrs, weight: 1 } ]"),
              ElementsAre(HasSubstr(std::string("routes[0].split[0].upstreamService: ") + said)));
  EXPECT_THAT(
      findings_of("versions: { header: V, to: { v1: { upstreamService: ordrs } } }"),
      ElementsAre(HasSubstr(std::string("routes[0].versions.to.v1.upstreamService: ") + said)));
  EXPECT_THAT(findings_of("versions: { header: V, to: { v1: { split: [ { upstreamService: ordrs, "
                          "weight: 1 } ] } } }"),
              ElementsAre(HasSubstr(
                  std::string("routes[0].versions.to.v1.split[0].upstreamService: ") + said)));
}

TEST(SelectCheck, RefusesWeightsThatServeNothing) {
  EXPECT_THAT(findings_of("split: [ { upstreamService: orders, weight: 0 } ]"),
              ElementsAre(HasSubstr("routes[0].split: found no weight but 0")));
  EXPECT_THAT(findings_of("split: []"),
              ElementsAre(HasSubstr("found 0 elements, expected a list of 1 to 100 elements")));
  EXPECT_THAT(findings_of("split: [ { upstreamService: orders, weight: 1 }, "
                          "{ upstreamService: orders, weight: 1 } ]"),
              ElementsAre(HasSubstr("routes[0].split[1].upstreamService: found \"orders\" a second "
                                    "time, expected each service once")));
  EXPECT_THAT(findings_of("split: [ { upstreamService: orders, weight: -1 } ]"),
              ElementsAre(HasSubstr("expected a whole number from 0 to 1000000")));
}

TEST(SelectCheck, RefusesWhatCannotBeLookedAt) {
  const std::string split =
      "split: [ { upstreamService: orders, weight: 1 }, { upstreamService: orders-v2, weight: 1 } "
      "], ";
  EXPECT_THAT(
      findings_of(split + "stickyBy: { cookie: 'a b' }"),
      ElementsAre(HasSubstr("routes[0].stickyBy.cookie: found \"a b\", expected the name of "
                            "a cookie")));
  EXPECT_THAT(findings_of(split + "stickyBy: { header: 'X:' }"),
              ElementsAre(HasSubstr("routes[0].stickyBy.header: found \"X:\"")));
  EXPECT_THAT(
      findings_of(split + "stickyBy: address"),
      ElementsAre(HasSubstr("routes[0].stickyBy: found \"address\", expected userId or ip")));
  EXPECT_THAT(findings_of(split + "stickyBy: {}"),
              ElementsAre(HasSubstr("found none of \"header\", \"cookie\"")));
  EXPECT_THAT(findings_of("versions: { header: 'A V', to: { v1: { upstreamService: orders } } }"),
              ElementsAre(HasSubstr("routes[0].versions.header: found \"A V\"")));
}

TEST(SelectCheck, SaysThatThereIsNothingToKeepTo) {
  EXPECT_THAT(findings_of("upstreamService: orders, stickyBy: ip"),
              ElementsAre(HasSubstr("warning t:7:")));
}

TEST(SelectCheck, RefusesVersionsThatMeanNothing) {
  const auto versions = [](std::string_view more) {
    return findings_of("versions: { header: V, " + std::string(more) + " }");
  };
  EXPECT_THAT(
      versions("default: v11, to: { v1: { upstreamService: orders } }"),
      ElementsAre(HasSubstr("routes[0].versions.default: found \"v11\", expected one of the "
                            "versions in `to`; did you mean \"v1\"?")));
  EXPECT_THAT(versions("to: { 'v 1': { upstreamService: orders } }"),
              ElementsAre(HasSubstr("found \"v 1\", expected 1 to 128 letters")));
  EXPECT_THAT(versions("to: {}"),
              ElementsAre(HasSubstr("found 0 keys, expected a map of 1 to 100 keys")));
  EXPECT_THAT(versions("to: { v1: { upstreamService: orders }, v1: { upstreamService: orders } }"),
              ElementsAre(HasSubstr("found the key \"v1\" a second time")));
  EXPECT_THAT(versions("to: { v1: { upstreamService: orders, successor: 'a b>' } }"),
              ElementsAre(HasSubstr("routes[0].versions.to.v1.successor: found \"a b>\"")));
  EXPECT_THAT(versions("to: { v1: { upstreamService: orders, deprecated: soon } }"),
              ElementsAre(HasSubstr("found \"soon\", expected a date such as 2027-01-31")));
  EXPECT_THAT(versions("to: { v1: { upstreamService: orders, deprecated: 2027-01-01, sunset: "
                       "2026-12-31 } }"),
              ElementsAre(HasSubstr("routes[0].versions.to.v1.sunset: found 2026-12-31, expected "
                                    "none before it is deprecated, which is 2027-01-01")));
}

TEST(SelectCheck, SaysWhoGetsNoAnswerFromAServiceWithoutInstances) {
  const auto text = R"(
listeners: [ { name: public, address: "127.0.0.1:8080" } ]
services:
  - { serviceName: orders, instances: [ { host: 127.0.0.1, port: 9001 } ] }
  - { serviceName: idle, instances: [ { host: 127.0.0.1, port: 9002, healthy: false } ] }
routes:
  - { routeId: r, path: /r, authRequired: false,
      split: [ { upstreamService: orders, weight: 90 }, { upstreamService: idle, weight: 10 } ] }
  - { routeId: none, path: /none, authRequired: false,
      split: [ { upstreamService: orders, weight: 90 }, { upstreamService: idle, weight: 0 } ] }
  - { routeId: v, path: /v, authRequired: false,
      versions: { header: V, to: { v1: { upstreamService: orders }, v2: { upstreamService: idle } } }
    }
)";
  const auto loaded = load_text("t", text, [](auto) { return std::nullopt; });
  EXPECT_TRUE(loaded.ok);
  std::vector<std::string> out;
  for (const auto& finding : loaded.findings) out.push_back(to_text(finding));
  EXPECT_THAT(
      out, ElementsAre(
               HasSubstr("services[1].instances"),
               HasSubstr("routes[0].split[1]: found no healthy instance of \"idle\", so 10 of 100 "
                         "requests for the route are answered 503"),
               HasSubstr("routes[2].versions.to.v2: found no healthy instance of \"idle\", so all "
                         "requests for version \"v2\" are answered 503 no_healthy_endpoint")));
}

}  // namespace
}  // namespace penstock

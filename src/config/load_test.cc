#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "config/reference.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::optional<std::string> no_variable(std::string_view) {
  return std::nullopt;
}

Loaded load(std::string_view text, std::string_view name = "gw.yaml") {
  return load_text(name, text, no_variable);
}

std::vector<std::string> texts(const Loaded& loaded, schema::Severity severity) {
  std::vector<std::string> out;
  for (const auto& finding : loaded.findings)
    if (finding.severity == severity) out.push_back(to_text(finding));
  return out;
}
std::vector<std::string> errors(const Loaded& loaded) {
  return texts(loaded, schema::Severity::error);
}
std::vector<std::string> warnings(const Loaded& loaded) {
  return texts(loaded, schema::Severity::warning);
}

constexpr std::string_view kListener =
    "listeners: [ { name: public, address: \"0.0.0.0:8080\" } ]\n";
constexpr std::string_view kService =
    "services: [ { serviceName: order-service, instances: [ { host: 127.0.0.1, port: 9001 } ] } "
    "]\n";

// The one error in a file that has a listener, a service and these routes (from line 4 on).
std::string route_error(std::string_view route) {
  const auto loaded = load(std::string(kListener) + std::string(kService) + "routes:\n  - " +
                           std::string(route) + '\n');
  const auto found = errors(loaded);
  EXPECT_EQ(found.size(), 1u) << route;
  return found.empty() ? "" : found[0];
}

std::string error_of(std::string_view text) {
  const auto found = errors(load(text));
  EXPECT_EQ(found.size(), 1u) << text;
  return found.empty() ? "" : found[0];
}

TEST(Load, TakesTheSmallestUsefulFile) {
  const auto loaded = load(R"(listeners: [ { name: public, address: "0.0.0.0:8080" } ]
services:
  - { serviceName: order-service, instances: [ { host: 127.0.0.1, port: 9001 } ] }
routes:
  - { routeId: orders-get, method: GET, path: "/api/orders/{orderId}", upstreamService: order-service,
      authRequired: false }
)");
  EXPECT_TRUE(loaded.ok);
  EXPECT_THAT(loaded.findings, IsEmpty());
  const auto& [node, document, sources] = loaded.config;
  EXPECT_THAT(sources, ElementsAre("gw.yaml"));
  ASSERT_EQ(node.listeners.size(), 1u);
  EXPECT_EQ(node.listeners[0].address.value, "0.0.0.0:8080");
  EXPECT_EQ(node.listeners[0].limits.header_bytes.bytes, 32u * 1024);
  EXPECT_EQ(node.listeners[0].limits.connections_per_address, std::nullopt);
  EXPECT_EQ(node.admin.address.value, "127.0.0.1:9901");
  EXPECT_FALSE(node.health);
  ASSERT_EQ(document.services.size(), 1u);
  EXPECT_EQ(document.services[0].instances[0].port, 9001);
  EXPECT_EQ(document.services[0].timeouts.first_byte, 15s);
  ASSERT_EQ(document.routes.size(), 1u);
  const auto& route = document.routes[0];
  EXPECT_EQ(route.methods[0].value, "GET");
  EXPECT_EQ(route.path.value, "/api/orders/{orderId}");
  EXPECT_EQ(route.select.target.upstream_service->at.line, 5u);
  EXPECT_FALSE(route.auth_required);
}

TEST(Load, TakesAFileThatSaysEverything) {
  const auto loaded = load(R"(
runtime: { workers: 2, io: auto, pinWorkers: true, drainDelay: 5s, drainTimeout: 20s }
listeners:
  - name: public
    address: "[::]:8443"
    limits: { requestLine: 8KiB, headerBytes: 32KiB, headers: 100, bodyBytes: 16MiB,
              headerTimeout: 10s, bodyIdleTimeout: 30s, idleTimeout: 60s, connections: 20000,
              connectionsPerAddress: off }
    trustedProxies: [ 10.0.0.0/8, "2001:db8::/32", 192.0.2.1 ]
services:
  - serviceName: order-service
    instances: [ { host: orders.internal, port: 8080, healthy: true, weight: 1 } ]
    loadBalancing: { strategy: roundRobin, panicThreshold: 30% }
    healthCheck: { path: "/healthz?full", interval: 5s, timeout: 1s, healthyAfter: 2,
                   unhealthyAfter: 3 }
    outlierEjection: { consecutiveFailures: 5, ejectFor: 10s, maxEjected: 50% }
    circuitBreaker: { failureRate: 50%, slowRate: 80%, slowerThan: 2s, consecutiveFailures: 7,
                      minimumRequests: 20, window: 10s, openFor: 5s, trials: 3, ramp: 10s }
    bulkhead: { maxRequests: 200, maxPending: 50, pendingTimeout: 500ms }
    timeouts: { connect: 2s, firstByte: 15s, idle: 30s, total: 60s, perTry: 20s, maxStreamAge: 24h }
    retry: { attempts: 3, on: [connectFailure, reset, 503], methods: [GET, HEAD], backoff: 25ms,
             budget: 20% }
    pool: { maxConnections: 1000, idleTimeout: 4s }
routes:
  - routeId: orders
    hosts: [ api.example.com, www.example.com ]
    methods: [ GET, POST ]
    path: "/api/orders/*"
    upstreamService: order-service
    authRequired: false
    stream: true
admin: { address: "127.0.0.1:9901" }
health: { address: "0.0.0.0:8081" }
observability: { accessLog: { path: off, format: json } }
stateDir: state
)");
  EXPECT_THAT(errors(loaded), IsEmpty());
  EXPECT_THAT(warnings(loaded), IsEmpty());
  const auto& service = loaded.config.document.services.at(0);
  EXPECT_EQ(service.retry.attempts, 3u);
  using Cause = RetryCondition::Cause;
  EXPECT_THAT(service.retry.on,
              ElementsAre(RetryCondition{Cause::connect_failure, 0},
                          RetryCondition{Cause::reset, 0}, RetryCondition{Cause::status, 503}));
  EXPECT_EQ(service.retry.budget.share(), 0.2);
  EXPECT_EQ(service.load_balancing.panic_threshold.share(), 0.3);
  EXPECT_EQ(service.health_check->path->text, "/healthz?full");
  EXPECT_EQ(service.outlier_ejection->consecutive_failures, 5u);
  EXPECT_EQ(service.circuit_breaker->slower_than, std::chrono::seconds(2));
  EXPECT_EQ(service.circuit_breaker->slow_rate.share(), 0.8);
  EXPECT_EQ(service.bulkhead->max_pending, 50u);
  EXPECT_EQ(loaded.config.node.observability.access_log.path.value, "off");
  EXPECT_EQ(loaded.config.node.runtime.workers, 2u);
}

TEST(Load, TakesJson) {
  const auto loaded = load(R"({
  "listeners": [ { "name": "public", "address": "0.0.0.0:8080" } ],
  "services": [ { "serviceName": "order-service", "instances": [ { "host": "10.0.1.10", "port": 8080, "healthy": true } ] } ],
  "routes": [ { "routeId": "orders-get", "method": "GET", "path": "/api/orders/{orderId}",
                "upstreamService": "order-service", "authRequired": true } ]
})",
                           "gw.json");
  EXPECT_TRUE(loaded.ok);
  EXPECT_THAT(warnings(loaded),
              ElementsAre("gw.json:4:28 routes[0]: found route \"orders-get\" protected, which is "
                          "the default, and no way to authenticate: every request for it is "
                          "answered 401 no_auth_policy; expected authRequired: false if it is "
                          "public"));
}

TEST(Load, TakesTheFirstExamplesAsTheyStand) {
  const auto loaded = load(R"({ "listeners": [ { "name": "public", "address": "0.0.0.0:8080" } ],
"routes": [
{ "routeId": "orders-get", "method": "GET", "path": "/api/orders/{orderId}",
  "upstreamService": "order-service", "authRequired": true, "rateLimitPolicy": "standard-user" } ],
"rateLimitPolicies": [
{ "policyId": "standard-user", "limit": 1000, "window": "1m", "scope": "userId" } ],
"services": [
{ "serviceName": "order-service", "instances": [ { "host": "10.0.1.10", "port": 8080, "healthy": true } ] } ] })",
                           "gw.json");
  EXPECT_THAT(errors(loaded), IsEmpty());
  EXPECT_TRUE(loaded.ok);
}

TEST(Load, SaysThatAServiceIsUnknownAndWhichWasMeant) {
  EXPECT_EQ(
      route_error("{ routeId: a, path: /a, upstreamService: order-svc, authRequired: false }"),
      "gw.yaml:4:46 routes[0].upstreamService: found \"order-svc\", expected the serviceName "
      "of a service; did you mean \"order-service\"?");
  EXPECT_EQ(route_error("{ routeId: a, path: /a, upstreamService: zzz, authRequired: false }"),
            "gw.yaml:4:46 routes[0].upstreamService: found \"zzz\", expected the serviceName of a "
            "service");
}

TEST(Load, RefusesKeysOfLaterReleasesInWords) {
  EXPECT_THAT(route_error("{ routeId: a, path: /a, upstreamService: order-service, "
                          "authPolicy: standard-user }"),
              HasSubstr("gw.yaml:4:61 routes[0]: found the key \"authPolicy\", which this "
                        "release does not serve; expected routeId, "));
  EXPECT_THAT(error_of(std::string(kListener) + "authPolicies: []\n"),
              HasSubstr("gw.yaml:2:1: found the key \"authPolicies\", which this release does "
                        "not serve; expected listeners, "));
  EXPECT_THAT(error_of("listeners: [ { name: a, address: '1.2.3.4:1', protocols: [] } ]"),
              HasSubstr("listeners[0]: found the key \"protocols\", which this release does not "
                        "serve"));
}

TEST(Load, RefusesNamesThatStandTwice) {
  EXPECT_EQ(
      error_of("listeners:\n- { name: a, address: '1.2.3.4:1' }\n"
               "- { name: a, address: '1.2.3.4:2' }\n"),
      "gw.yaml:3:11 listeners[1].name: found \"a\" a second time, expected a name of its own: "
      "the first is in line 2");
  EXPECT_EQ(error_of(std::string(kListener) +
                     "services:\n- { serviceName: a, instances: [{host: h, port: 1}] }\n"
                     "- { serviceName: a, instances: [{host: h, port: 1}] }\n"),
            "gw.yaml:4:18 services[1].serviceName: found \"a\" a second time, expected a "
            "serviceName of its own: the first is in line 3");
  EXPECT_EQ(route_error("{ routeId: r, path: /a, upstreamService: order-service }\n"
                        "  - { routeId: r, path: /b, upstreamService: order-service }"),
            "gw.yaml:5:16 routes[1].routeId: found \"r\" a second time, expected a routeId of its "
            "own: the first is in line 4");
}

TEST(Load, RefusesNamesThatNoLabelCouldBear) {
  for (const auto* bad : {"''", "'a b'", "'a\"b'", "\"a\\nb\"", "'\xc3\xa4'"})
    EXPECT_THAT(error_of("listeners: [ { name: " + std::string(bad) + ", address: '1.2.3.4:1' } ]"),
                HasSubstr("expected 1 to 128 letters, digits and . _ - / :"))
        << bad;
}

TEST(Load, AsksForAListener) {
  EXPECT_EQ(error_of("services: []\n"),
            "gw.yaml:1:1 listeners: found no such key, expected a list of 1 to 64 elements: it is "
            "required");
  EXPECT_EQ(error_of("listeners: []\n"),
            "gw.yaml:1:12 listeners: found 0 elements, expected a list of 1 to 64 elements");
}

TEST(Load, RefusesAddressesThatCannotBeBound) {
  const auto error = [](std::string_view address) {
    return error_of("listeners: [ { name: a, address: '" + std::string(address) + "' } ]");
  };
  EXPECT_THAT(error("8080"), HasSubstr("gw.yaml:1:34 listeners[0].address: found \"8080\", "
                                       "expected an IP address and a port: "));
  EXPECT_THAT(error("example.com:80"), HasSubstr("IP address"));
  EXPECT_THAT(error("1.2.3.4:0"), HasSubstr("expected a port from 1 to 65535"));
  EXPECT_THAT(error("1.2.3.4:70000"), HasSubstr("port"));
  EXPECT_THAT(error("unix:/run/x"), HasSubstr("does not serve unix sockets"));
  EXPECT_EQ(error_of("listeners: [ { name: a, address: '127.0.0.1:9901' } ]\n"
                     "admin: { address: '127.0.0.1:9901' }\n"),
            "gw.yaml:2:19 admin.address: found \"127.0.0.1:9901\", expected an address of its own: "
            "listeners[0].address has it already");
  EXPECT_THAT(
      error_of(std::string(kListener) + "health: { address: nowhere }\n"),
      HasSubstr(
          "gw.yaml:2:20 health.address: found \"nowhere\", expected an IP address and a port: "));
}

TEST(Load, RefusesProxiesThatAreNoNetwork) {
  EXPECT_THAT(error_of("listeners: [ { name: a, address: '1.2.3.4:1', trustedProxies: [ "
                       "10.0.0.1/8 ] } ]"),
              HasSubstr("gw.yaml:1:65 listeners[0].trustedProxies[0]: found \"10.0.0.1/8\", "
                        "expected an IP address or a prefix: "));
}

TEST(Load, RefusesHostsOfInstancesThatAreNone) {
  for (const auto* bad :
       {"''", "a b", "h:80", "http://h", "'[::1]'", "-a", "a..b", "999.1.1.1", "1.2.3", "'*'"})
    EXPECT_THAT(
        error_of(std::string(kListener) +
                 "services: [ { serviceName: s, instances: [ { host: " + bad + ", port: 1 } ] } ]"),
        HasSubstr("services[0].instances[0].host: found "))
        << bad;
  for (const auto* good : {"localhost", "a_b.internal", "10.0.0.1", "'::1'", "a1.2b"})
    EXPECT_THAT(errors(load(std::string(kListener) +
                            "services: [ { serviceName: s, instances: [ { host: " + good +
                            ", port: 1 } ] } ]")),
                IsEmpty())
        << good;
}

TEST(Load, RefusesPortsAndWeightsOutOfRange) {
  const auto error = [](std::string_view more) {
    return error_of(std::string(kListener) +
                    "services: [ { serviceName: s, instances: [ { host: h, " + std::string(more) +
                    " } ] } ]");
  };
  EXPECT_THAT(error("port: 0"), HasSubstr("found 0, expected a whole number from 1 to 65535"));
  EXPECT_THAT(error("port: 65536"), HasSubstr("expected a whole number from 1 to 65535"));
  EXPECT_THAT(error("port: 1, weight: -1"), HasSubstr("found -1, expected a whole number from 0"));
}

TEST(Load, RefusesConditionsOfRetryThatAreNone) {
  const auto error = [](std::string_view retry) {
    return error_of(std::string(kListener) +
                    "services: [ { serviceName: s, instances: [ { host: h, "
                    "port: 1 } ], retry: " +
                    std::string(retry) + " } ]");
  };
  EXPECT_THAT(error("{ on: [ 200 ] }"),
              HasSubstr("retry.on[0]: found 200, expected connectFailure, reset, or a status from "
                        "400 to 599"));
  EXPECT_THAT(error("{ methods: [ get ] }"),
              HasSubstr("retry.methods[0]: found \"get\", expected a method such as GET; did you "
                        "mean \"GET\"?"));
}

TEST(Load, RefusesWhatSparesNoService) {
  const auto error = [](std::string_view key) {
    return error_of(std::string(kListener) +
                    "services: [ { serviceName: s, instances: [ { host: h, port: 1 } ], " +
                    std::string(key) + " } ]");
  };
  for (const auto* bad : {"healthz", "/a b", "/a#b", "/\xc3\xa4"})
    EXPECT_THAT(error("healthCheck: { path: \"" + std::string(bad) + "\" }"),
                HasSubstr("expected a path such as /healthz"));
  EXPECT_THAT(error("bulkhead: { maxPending: 3 }"), HasSubstr("bulkhead.maxRequests: found no"));
  EXPECT_THAT(error("circuitBreaker: { failureRate: 0% }"), HasSubstr("failureRate: found"));
  EXPECT_THAT(error("circuitBreaker: { trials: 0 }"), HasSubstr("trials: found 0"));
  EXPECT_THAT(error("outlierEjection: { ejectFor: 1ms }"), HasSubstr("ejectFor: found \"1ms\""));
  EXPECT_THAT(error("circutBreaker: { trials: 1 }"), HasSubstr("did you mean \"circuitBreaker\"?"));
}

TEST(Load, RefusesPathsThatMatchNothing) {
  for (const auto* bad :
       {"a", "''", "'/a b'", "'/a?b'", "'/a#b'", "'/{a'", "'/x{1}'", "'/{a:[}'", "'/*/a'", "'/a*'"})
    EXPECT_THAT(route_error("{ routeId: a, path: " + std::string(bad) +
                            ", upstreamService: order-service }"),
                HasSubstr("gw.yaml:4:25 routes[0].path: found "))
        << bad;
}

TEST(Load, TakesPathsOfPublishedDescriptionsAndSaysWhatItMakesOfThem) {
  const auto warned = [](std::string_view path) {
    return warnings(load(std::string(kListener) + std::string(kService) +
                         "routes:\n  - { routeId: a, path: '" + std::string(path) +
                         "', upstreamService: order-service, authRequired: false }\n"));
  };
  EXPECT_THAT(warned("/v2//openapi"),
              ElementsAre("gw.yaml:4:25 routes[0].path: found \"/v2//openapi\", expected one slash "
                          "for \"//\": it is taken for one, as in the paths of requests"));
  EXPECT_THAT(warned("/a/{id:}"), ElementsAre(HasSubstr("expected \"{id}\" or a regex behind")));
  EXPECT_THAT(warned("/{a}/{a}"), ElementsAre(HasSubstr("another name for the second \"{a}\"")));
  for (const auto* path : {"/dossier\"", "/caf\u00e9", "/{id}{.format}"})
    EXPECT_THAT(warned(path), IsEmpty()) << path;
}

TEST(Load, RefusesHostsThatCannotBeServed) {
  for (const auto* bad : {"'*'", "'a.*.example.com'", "'a:80'", "'a b'", "''"})
    EXPECT_THAT(route_error("{ routeId: a, host: " + std::string(bad) +
                            ", path: /a, upstreamService: order-service }"),
                HasSubstr("gw.yaml:4:25 routes[0].host: found "))
        << bad;
}

TEST(Load, ReadsConditions) {
  const auto loaded = load(std::string(kListener) + std::string(kService) + R"(routes:
  - routeId: a
    path: /a
    upstreamService: order-service
    authRequired: false
    encodedSlashes: allow
    headers: [ { name: X-Version, equals: v2 }, { name: X-Old, absent: true } ]
    query: [ { name: debug, present: true }, { name: id, regex: '[0-9]+' } ]
)");
  EXPECT_TRUE(loaded.ok);
  EXPECT_THAT(warnings(loaded), IsEmpty());
  const auto& route = loaded.config.document.routes[0];
  EXPECT_EQ(route.headers[0].equals->value, "v2");
  EXPECT_TRUE(route.headers[1].absent->value);
  EXPECT_TRUE(route.query[0].present->value);
  EXPECT_EQ(route.query[1].regex->value, "[0-9]+");
  EXPECT_EQ(route.encoded_slashes, EncodedSlashes::allow);
}

TEST(Load, RefusesConditionsThatCanNotBeAsked) {
  const auto error = [](std::string_view conditions) {
    return route_error("{ routeId: a, path: /a, upstreamService: order-service, " +
                       std::string(conditions) + " }");
  };
  EXPECT_THAT(error("headers: [ { name: 'a b', present: true } ]"),
              HasSubstr("routes[0].headers[0].name: found \"a b\", expected another name: this is "
                        "no name of a header"));
  EXPECT_THAT(error("headers: [ { name: Host, equals: h } ]"), HasSubstr("`hosts`"));
  for (const auto* removed : {"Connection", "X-User-Id", "X_User_Id", "Transfer-Encoding"})
    EXPECT_THAT(error(std::string("headers: [ { name: ") + removed + ", present: true } ]"),
                HasSubstr("never there"));
  EXPECT_THAT(error("query: [ { name: '', present: true } ]"), HasSubstr("query[0].name"));
  EXPECT_THAT(error("query: [ { name: a, present: false } ]"),
              HasSubstr("routes[0].query[0].present: found false, expected true; the contrary is "
                        "absent: true"));
  EXPECT_THAT(
      error("query: [ { name: a, regex: '[' } ]"),
      HasSubstr("routes[0].query[0].regex: found \"[\", expected an RE2 expression: the regex"));
  EXPECT_THAT(error("query: [ { name: a } ]"), HasSubstr("expected exactly one"));
  EXPECT_THAT(error("query: [ { name: a, equals: b, regex: c } ]"), HasSubstr("exactly one"));
}

TEST(Load, RefusesMethodsThatCannotBeServed) {
  EXPECT_THAT(route_error("{ routeId: a, method: TRACE, path: /, upstreamService: order-service }"),
              HasSubstr("gw.yaml:4:27 routes[0].method: found \"TRACE\", expected another method: "
                        "the gateway refuses it"));
  EXPECT_THAT(
      route_error("{ routeId: a, methods: [GET, 'P T'], path: /, upstreamService: order-service }"),
      HasSubstr("routes[0].methods[1]: found \"P T\", expected a method such as GET"));
  EXPECT_THAT(route_error("{ routeId: a, method: GET, methods: [GET], path: /, upstreamService: "
                          "order-service }"),
              HasSubstr("found both \"method\" and \"methods\", expected one of them"));
}

TEST(Load, WarnsOfRoutesThatAreAlike) {
  const auto loaded = load(std::string(kListener) + std::string(kService) + R"(routes:
  - { routeId: b, path: "/o/{id}", upstreamService: order-service, authRequired: false }
  - { routeId: a, path: "/o/{x}", upstreamService: order-service, authRequired: false }
  - { routeId: c, method: GET, path: "/o/{x}", upstreamService: order-service, authRequired: false }
  - { routeId: d, host: H.example, path: "/o/{x}", upstreamService: order-service, authRequired: false }
  - { routeId: e, host: h.example, path: "/o/{y}", upstreamService: order-service, authRequired: false }
)");
  EXPECT_TRUE(loaded.ok);
  EXPECT_THAT(
      warnings(loaded),
      ElementsAre(
          "gw.yaml:4:25 routes[0].path: found \"/o/{id}\" of route \"b\", which asks for the same "
          "as route \"a\" (line 5): that one gets \"POST /o/7f3\", its routeId being the lowest",
          AllOf(HasSubstr("gw.yaml:8:"), HasSubstr("route \"e\""), HasSubstr("route \"d\""),
                HasSubstr("GET h.example/o/7f3"))));
}

TEST(Load, WarnsOfRoutesThatAnotherHidesOrThatNothingMatches) {
  const auto loaded = load(std::string(kListener) + std::string(kService) + R"(routes:
  - { routeId: canary, path: "/a", headers: [ { name: X-V, equals: v2 } ], upstreamService: order-service, authRequired: false }
  - { routeId: all, path: "/a", upstreamService: order-service, authRequired: false }
  - { routeId: hidden, path: "/a", method: GET, query: [ { name: q, present: true } ], upstreamService: order-service, authRequired: false }
  - { routeId: hides, path: "/a", method: GET, query: [ { name: q, present: true } ], upstreamService: order-service, authRequired: false }
  - { routeId: never, path: "/n", headers: [ { name: X-V, present: true }, { name: X-V, absent: true } ], upstreamService: order-service, authRequired: false }
  - { routeId: slash, path: "/d%2Fe", upstreamService: order-service, authRequired: false }
)");
  EXPECT_TRUE(loaded.ok);
  EXPECT_THAT(warnings(loaded),
              ElementsAre(AllOf(HasSubstr("routes[3].path"), HasSubstr("route \"hides\""),
                                HasSubstr("route \"hidden\" (line 6)"), HasSubstr("GET /a?q")),
                          AllOf(HasSubstr("routes[4].path"), HasSubstr("no request can match")),
                          AllOf(HasSubstr("routes[5].path"), HasSubstr("no request can match"))));
}

TEST(Load, ShowsNothingOfWhatAVariableHolds) {
  const auto loaded = load_text(
      "gw.yaml",
      std::string(kListener) + std::string(kService) +
          "routes: [ { routeId: a, path: /a, upstreamService: \"${P}\", authRequired: false } ]\n",
      [](std::string_view) { return std::optional<std::string>("topsecret"); });
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_THAT(schema::to_text(loaded.findings[0]),
              AllOf(HasSubstr("found the value of \"${P}\""), Not(HasSubstr("topsecret"))));
}

TEST(Load, WarnsOfAServiceThatCannotAnswer) {
  const auto loaded =
      load(std::string(kListener) +
           "services: [ { serviceName: s, instances: [ { host: h, port: 1, healthy: "
           "false } ] }, { serviceName: t, instances: [] } ]");
  EXPECT_TRUE(loaded.ok);
  EXPECT_THAT(
      warnings(loaded),
      ElementsAre(
          HasSubstr("routes: found none, expected at least one: every request is answered 404"),
          HasSubstr("services[0].instances: found none that is "
                    "healthy and has a weight"),
          HasSubstr("services[1].instances: found none")));
}

TEST(Load, CollectsErrorsOfDecodingAndOfChecking) {
  const auto loaded = load(
      "listeners: [ { name: a, address: nowhere, limits: { headers: x } } ]\n"
      "routes: [ { routeId: r, path: /a, upstreamService: s } ]\nnope: 1\n");
  EXPECT_FALSE(loaded.ok);
  EXPECT_THAT(
      errors(loaded),
      ElementsAre(HasSubstr("listeners[0].address"), HasSubstr("listeners[0].limits.headers"),
                  HasSubstr("routes[0].upstreamService"), HasSubstr("found the key \"nope\"")));
}

TEST(Load, ExpandsVariables) {
  const auto port = [](std::string_view name) -> std::optional<std::string> {
    if (name != "PORT") return std::nullopt;
    return "9001";
  };
  const auto loaded = load_text("gw.yaml",
                                std::string(kListener) +
                                    "services: [ { serviceName: s, instances: [ { host: "
                                    "'${HOST:-h}', port: '${PORT}' } ] } ]",
                                port);
  EXPECT_THAT(errors(loaded), IsEmpty());
  const auto& instance = loaded.config.document.services.at(0).instances.at(0);
  EXPECT_EQ(instance.host.value, "h");
  EXPECT_EQ(instance.port, 9001);
}

TEST(Load, SaysWhyAFileCannotBeRead) {
  const auto missing = load_file("/nonexistent/gw.yaml", no_variable);
  EXPECT_FALSE(missing.ok);
  EXPECT_TRUE(missing.unreadable);
  EXPECT_THAT(errors(missing),
              ElementsAre("/nonexistent/gw.yaml: cannot be read: No such file or directory"));
  EXPECT_THAT(errors(load_file("/", no_variable)),
              ElementsAre("/: cannot be read: it is a folder"));
}

TEST(Load, ReadsAFile) {
  const auto path = testing::TempDir() + "penstock_load_test.yaml";
  std::ofstream(path) << kListener;
  EXPECT_TRUE(load_file(path, no_variable).ok);
  std::remove(path.c_str());
}

TEST(Load, TakesManyRoutesInFiniteTime) {
  std::string text = std::string(kListener) + std::string(kService) + "routes:\n";
  for (int i = 0; i < 2'000; ++i)
    text += "  - { routeId: r" + std::to_string(i) + ", path: /r" + std::to_string(i) +
            ", upstreamService: order-servic }\n";
  const auto loaded = load(text);
  EXPECT_EQ(errors(loaded).size(), schema::Findings::kMost + 1);
  EXPECT_EQ(warnings(loaded).size(), schema::Findings::kMost + 1);
}

TEST(ConfigReference, NamesEveryObject) {
  const auto text = config_reference();
  for (const auto* heading : {"### `listeners[]`", "### `listeners[].limits`", "### `admin`",
                              "### `services[].retry`", "### `observability.accessLog`"})
    EXPECT_THAT(text, HasSubstr(std::string(heading) + "\n")) << heading;
  EXPECT_THAT(text,
              HasSubstr("| `methods` | list of text | `[GET, HEAD, OPTIONS, PUT, DELETE]` |"));
  EXPECT_THAT(config_json_schema(), HasSubstr("\"routeId\""));
}

}  // namespace
}  // namespace penstock

#include "gateway/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "gateway/test_gateway.h"

namespace penstock {
namespace {

using testing::HasSubstr;

constexpr std::string_view kConfig = R"(
listeners:
  - { name: public, address: "10.0.0.1:8080", limits: { bodyBytes: 1KiB } }
services:
  - { serviceName: a, retry: { attempts: 1 }, instances: [ { host: 10.0.0.11, port: 80 } ] }
  - { serviceName: b, retry: { attempts: 1 }, instances: [ { host: 10.0.0.12, port: 80 } ] }
headersPolicies:
  - { policyId: edge, request: { set: [ { name: X-Env, value: prod } ], remove: [ X-Debug ] } }
rateLimitPolicies:
  - { policyId: few, limit: 20, window: 1h, scope: route }
routes:
  - { routeId: closed, path: "/closed/*", upstreamService: a }
  - { routeId: item, methods: [ GET, POST ], path: "/items/{id}", upstreamService: a,
      authRequired: false, headersPolicy: edge }
  - { routeId: item-v2, method: GET, path: "/items/{id}", upstreamService: b, authRequired: false,
      headers: [ { name: X-Version, equals: v2 } ] }
  - { routeId: limited, path: "/limited", upstreamService: a, authRequired: false,
      rateLimitPolicy: few }
  - { routeId: host, hosts: [ "*.example.com" ], path: "/*", upstreamService: b,
      authRequired: false }
  - routeId: split
    path: /split
    split: [ { upstreamService: a, weight: 1 }, { upstreamService: b, weight: 1 } ]
    stickyBy: { header: X-Bucket }
    authRequired: false
  - routeId: versions
    path: /versions
    versions: { header: Accept-Version, default: v1,
                to: { v1: { upstreamService: a }, v2: { upstreamService: b } } }
    authRequired: false
)";

// A gateway whose services refuse every connection, explained and asked.
class ExplainTest : public TestGateway {
 protected:
  ExplainTest() : TestGateway(kConfig) {}

  Explanation explained(const std::string& request) {
    const Entrance entrance{
        .listener = "public", .port = 8080, .trusted_proxies = &nobody_, .body_bytes = 1024};
    return explain(gateway_, entrance, *Address::parse("10.0.0.2:1"), request);
  }
  // The access log's line for the same request.
  nlohmann::json served(const std::string& request) {
    ask(request);
    return logged();
  }
  static std::string request(std::string_view method, std::string_view path,
                             std::string_view fields = {}, std::string_view host = "h.test") {
    return std::string(method) + ' ' + std::string(path) +
           " HTTP/1.1\r\nHost: " + std::string(host) + "\r\nConnection: close\r\n" +
           std::string(fields) + "\r\n";
  }

  CidrSet nobody_;
};

TEST_F(ExplainTest, SaysWhatEachStageSays) {
  const auto told = explained(request("POST", "/items/7?x", "X-Debug: 1\r\n"));
  EXPECT_EQ(told.request, "POST h.test /items/7?x");
  EXPECT_EQ(told.route_id, "item");
  EXPECT_EQ(told.service, "a");
  EXPECT_EQ(told.status, 0);
  std::string all;
  for (const auto& [stage, who, says] : told.verdicts)
    all += std::string(text_of(stage)) + " | " + who + " | " + says + "\n";
  EXPECT_EQ(all,
            "guard | gateway | passes, client 10.0.0.2\n"
            "match | gateway | route item\n"
            "authenticate | gateway | passes: authRequired is false\n"
            "transform | headers edge | passes, sets X-Env, removes X-Debug\n"
            "select | gateway | service a\n");
  ASSERT_GE(told.candidates.size(), 2U);
  EXPECT_TRUE(told.candidates[0].wins);
  EXPECT_THAT(told.candidates[1].says, HasSubstr("POST"));
}

TEST_F(ExplainTest, EndsWhereTheRequestIsAnswered) {
  const auto told = explained(request("GET", "/closed/1"));
  EXPECT_EQ(told.status, 401);
  EXPECT_EQ(told.code, "no_auth_policy");
  EXPECT_EQ(told.service, "");
  EXPECT_EQ(told.verdicts.back().stage, Stage::authenticate);
  EXPECT_EQ(explained(request("GET", "/nowhere")).code, "no_route");
  EXPECT_EQ(explained(request("GET", "/items/a%00")).code, "malformed_request");
  EXPECT_EQ(explained("no request").code, "malformed_request");
}

TEST_F(ExplainTest, ChangesNothing) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(explained(request("GET", "/limited")).status, 0);
  EXPECT_EQ(served(request("GET", "/limited"))["status_code"], 502);
}

// The promise: what is explained is what happens.
TEST_F(ExplainTest, AgreesWithWhatIsServed) {
  Random random(7);
  const auto any = [&random](const std::vector<std::string>& list) {
    return list[random.below(list.size())];
  };
  const std::vector<std::string> methods{"GET",     "HEAD", "POST", "DELETE",
                                         "OPTIONS", "get",  "TRACE"};
  const std::vector<std::string> paths{
      "/items/1",  "/items/1/2", "/items/",     "/closed",    "/closed/x",  "/limited",   "/split",
      "/versions", "/",          "/../items/3", "/it%65ms/1", "/items/%2F", "/items/%zz", "*"};
  const std::vector<std::string> fields{"",
                                        "X-Version: v2\r\n",
                                        "X-Version: v1\r\n",
                                        "Accept-Version: v2\r\n",
                                        "Accept-Version: v9\r\n",
                                        "X-Bucket: a\r\n",
                                        "X-Bucket: bc\r\n",
                                        "Content-Length: 5000\r\n",
                                        "Max-Forwards: 0\r\n",
                                        "Via: 1.1 penstock, 1.1 penstock, 1.1 penstock, 1.1 "
                                        "penstock\r\n"};
  const std::vector<std::string> hosts{"h.test", "api.example.com", "example.com", "a b"};
  for (int i = 0; i < 600; ++i) {
    auto path = any(paths);
    // Without what it is to keep to, a split is by chance.
    const auto field =
        path == "/split" ? any({"X-Bucket: a\r\n", "X-Bucket: bc\r\n"}) : any(fields);
    const auto text = request(any(methods), path, field, any(hosts));
    const auto told = explained(text);
    const auto line = served(text);
    const auto or_empty = [&line](const char* key) {
      return line[key].is_null() ? std::string() : line[key].get<std::string>();
    };
    ASSERT_EQ(told.route_id, or_empty("route_id")) << text;
    ASSERT_EQ(told.service, or_empty("upstream_service")) << text;
    ASSERT_EQ(told.version, or_empty("api_version")) << text;
    if (told.status != 0) {
      ASSERT_EQ(told.status, line["status_code"]) << text;
      ASSERT_EQ(told.code, or_empty("reason")) << text;
    } else {
      ASSERT_EQ(line["reason"], "upstream_connect_refused") << text;
    }
  }
}

}  // namespace
}  // namespace penstock

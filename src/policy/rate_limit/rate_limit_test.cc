#include "policy/rate_limit/rate_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "exchange/problem.h"
#include "observe/exposition.h"
#include "policy/test_exchange.h"
#include "schema/reference.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

using Parsed = TestConfig<RateLimit>;

class RateLimitTest : public ::testing::Test, public TestExchange {
 protected:
  RateLimitTest() { from("192.0.2.1"); }

  std::unique_ptr<RateLimit> policy(std::string_view yaml, std::string_view id = "standard-user") {
    const Parsed parsed(yaml);
    EXPECT_EQ(parsed.findings, "") << yaml;
    return std::make_unique<RateLimit>(parsed.value, PolicyContext{.id = id, .memory = memory_});
  }
  void from(std::string_view address) {
    exchange.client.client = IpAddress::parse(address);
    exchange.client.client_text = address;
  }
  bool allows(const RateLimit& policy) { return policy.on_request(exchange).proceeds(); }
  void pass(Duration time) { loop.run_for(time); }
  // The answer of those that were asked, last to first.
  void answer(std::initializer_list<const RateLimit*> asked) {
    exchange.response.fields.clear();
    for (const auto* policy : asked) policy->on_response(exchange);
  }
  void begin() {
    exchange.limit = {};
    exchange.response.fields.clear();
  }
  std::string metrics() {
    const std::vector<MetricCopy> copies{store.copy()};
    return expose(merge(copies), MetricFormat::prometheus);
  }

  Memory memory_;
};

TEST_F(RateLimitTest, AnswersAgainWhenATokenIsThere) {
  const auto limit = policy("{ limit: 1, window: 1s, scope: ip }");
  EXPECT_TRUE(allows(*limit));
  const auto step = limit->on_request(exchange);
  EXPECT_EQ(step.kind(), Step::Kind::reject);
  EXPECT_EQ(&step.reason(), &reasons::kRateLimited);
  EXPECT_EQ(step.detail(), "The next is allowed in 1 second.");
  pass(1s);
  EXPECT_TRUE(allows(*limit));
}

TEST_F(RateLimitTest, AllowsABurst) {
  const auto limit = policy("{ limit: 10, window: 1s, burst: 3, scope: ip }");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
  pass(100ms);
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
}

TEST_F(RateLimitTest, CountsAddressesApartAndAnIpv6NetworkAsOne) {
  const auto limit = policy("{ limit: 1, window: 1h, scope: ip }");
  EXPECT_TRUE(allows(*limit));
  from("192.0.2.2");
  EXPECT_TRUE(allows(*limit));
  from("2001:db8:0:1::1");
  EXPECT_TRUE(allows(*limit));
  from("2001:db8:0:1:ffff::2");
  EXPECT_FALSE(allows(*limit)) << "the same /64";
  from("2001:db8:0:2::1");
  EXPECT_TRUE(allows(*limit));
  exchange.client.client.reset();
  EXPECT_TRUE(allows(*limit)) << "a unix socket";
  EXPECT_FALSE(allows(*limit));
}

TEST_F(RateLimitTest, CountsByAddressWhoeverIsNotKnown) {
  const auto limit = policy("{ limit: 1, window: 1h, scope: userId }");
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
  from("192.0.2.2");
  EXPECT_TRUE(allows(*limit));
}

TEST_F(RateLimitTest, CountsRoutesAndServicesApart) {
  const auto by_route = policy("{ limit: 1, window: 1h, scope: route }", "a");
  const auto by_service = policy("{ limit: 1, window: 1h, scope: service }", "b");
  exchange.route_id = "orders";
  exchange.service_name = "s1";
  EXPECT_TRUE(allows(*by_route));
  EXPECT_TRUE(allows(*by_service));
  from("192.0.2.9");
  EXPECT_FALSE(allows(*by_route));
  EXPECT_FALSE(allows(*by_service));
  exchange.route_id = "users";
  exchange.service_name = "s2";
  EXPECT_TRUE(allows(*by_route));
  EXPECT_TRUE(allows(*by_service));
}

TEST_F(RateLimitTest, CountsByTheLinesOfAHeader) {
  const auto limit = policy("{ limit: 1, window: 1h, scope: { header: x-tenant } }");
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit)) << "those without it are counted together";
  exchange.request.fields.add("X-Tenant", "a");
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
  exchange.request.fields.add("X-Tenant", "b");
  EXPECT_TRUE(allows(*limit));
  exchange.request.fields.clear();
  exchange.request.fields.add("X-Tenant", "");
  EXPECT_TRUE(allows(*limit)) << "an empty one is there";
}

TEST_F(RateLimitTest, CombinesScopes) {
  const auto limit = policy("{ limit: 1, window: 1h, scope: [ ip, route, { header: X-Tenant } ] }");
  exchange.route_id = "orders";
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
  exchange.route_id = "users";
  EXPECT_TRUE(allows(*limit));
  from("192.0.2.2");
  EXPECT_TRUE(allows(*limit));
  exchange.request.fields.add("X-Tenant", "a");
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
}

TEST_F(RateLimitTest, StandsWhereAllIsKnownThatItCountsBy) {
  const auto stage = [&](std::string_view scope) {
    return policy(std::string("{ limit: 1, window: 1s, scope: ") + std::string(scope) + " }")
        ->stage();
  };
  EXPECT_EQ(stage("ip"), Stage::limit_anonymous);
  EXPECT_EQ(stage("[ route, { header: X-Tenant } ]"), Stage::limit_anonymous);
  EXPECT_EQ(stage("[ userId, ip ]"), Stage::limit_known);
  EXPECT_EQ(stage("[ service, userId ]"), Stage::select);
}

TEST_F(RateLimitTest, ARefusalSaysAllThereIsToSay) {
  const auto limit = policy("{ limit: 1000, window: 1m, burst: 1, scope: ip, legacy: true }");
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
  answer({limit.get()});
  EXPECT_EQ(answered("RateLimit-Policy"), R"("standard-user";q=1000;w=60)");
  EXPECT_EQ(answered("RateLimit"), R"("standard-user";r=0;t=1)");
  EXPECT_EQ(answered("Retry-After"), "1");
  EXPECT_EQ(answered("X-RateLimit-Limit"), "1000");
  EXPECT_EQ(answered("X-RateLimit-Remaining"), "0");
  EXPECT_EQ(answered("X-RateLimit-Reset"), "1");
  exchange.reject(reasons::kRateLimited);
  write_problem(exchange);
  const auto piece = exchange.response_body->poll();
  const auto problem = nlohmann::json::parse((*piece)->bytes);
  EXPECT_EQ(problem["code"], "rate_limited");
  EXPECT_EQ(problem["status"], 429);
  EXPECT_EQ(problem["violated-policies"], nlohmann::json({"standard-user"}));
}

TEST_F(RateLimitTest, RetryAfterIsLongEnough) {
  const auto limit = policy("{ limit: 2, window: 3s, scope: ip }");
  EXPECT_TRUE(allows(*limit));
  EXPECT_TRUE(allows(*limit));
  EXPECT_FALSE(allows(*limit));
  answer({limit.get()});
  EXPECT_EQ(answered("Retry-After"), "2");
  pass(2s);
  EXPECT_TRUE(allows(*limit));
}

TEST_F(RateLimitTest, AllowedAnswersSayWhatIsLeftIfAsked) {
  const auto quiet = policy("{ limit: 10, window: 10s, scope: ip }", "quiet");
  EXPECT_TRUE(allows(*quiet));
  answer({quiet.get()});
  EXPECT_EQ(exchange.response.fields.size(), 0U);
  begin();
  const auto open = policy("{ limit: 10, window: 10s, scope: ip, headers: true }", "open");
  EXPECT_TRUE(allows(*open));
  EXPECT_TRUE(allows(*open));
  answer({open.get()});
  EXPECT_EQ(answered("RateLimit-Policy"), R"("open";q=10;w=10)");
  EXPECT_EQ(answered("RateLimit"), R"("open";r=8;t=2)");
  EXPECT_EQ(answered("Retry-After"), "");
  EXPECT_EQ(answered("X-RateLimit-Limit"), "");
}

TEST_F(RateLimitTest, WhenTheLastOneIsSpentTSaysWhenTheNextIsThere) {
  const auto limit = policy("{ limit: 10, window: 100s, burst: 1, scope: ip, headers: true }");
  EXPECT_TRUE(allows(*limit));
  answer({limit.get()});
  EXPECT_EQ(answered("RateLimit"), R"("standard-user";r=0;t=10)");
}

TEST_F(RateLimitTest, OfSeveralPoliciesAllAreNamedAndTheTightestSaysWhatIsLeft) {
  const auto wide = policy("{ limit: 100, window: 1h, scope: ip, headers: true }", "wide");
  const auto tight = policy("{ limit: 2, window: 1s, scope: route }", "tight");
  EXPECT_TRUE(allows(*wide));
  EXPECT_TRUE(allows(*tight));
  answer({tight.get(), wide.get()});
  EXPECT_EQ(answered("RateLimit-Policy"), R"("tight";q=2;w=1|"wide";q=100;w=3600)");
  EXPECT_EQ(answered("RateLimit"), R"("tight";r=1;t=1)");
  EXPECT_EQ(exchange.limit.policy, "tight");
  begin();
  EXPECT_TRUE(allows(*wide));
  EXPECT_TRUE(allows(*tight));
  EXPECT_TRUE(allows(*wide));
  EXPECT_FALSE(allows(*tight));
  answer({tight.get(), wide.get()});
  EXPECT_EQ(answered("RateLimit"), R"("tight";r=0;t=1)");
  EXPECT_EQ(answered("Retry-After"), "1");
}

TEST_F(RateLimitTest, ItsNameIsAStructuredString) {
  const auto limit =
      policy("{ limit: 5, window: 1500ms, scope: ip, headers: true }", "a \"b\" \\ \xc3\xbc");
  EXPECT_TRUE(allows(*limit));
  answer({limit.get()});
  // A window that is no whole number of seconds is not said.
  EXPECT_EQ(answered("RateLimit-Policy"), R"("a \"b\" \\ ??";q=5)");
}

TEST_F(RateLimitTest, ANewSnapshotGoesOnWithWhatTheOldOneCounted) {
  auto old = policy("{ limit: 2, window: 1h, scope: ip }");
  EXPECT_TRUE(allows(*old));
  EXPECT_TRUE(allows(*old));
  auto next = policy("{ limit: 4, window: 1h, scope: ip }");
  old.reset();
  EXPECT_FALSE(allows(*next)) << "all spent is all spent, of a larger limit too";
  pass(15min);
  EXPECT_TRUE(allows(*next));
  EXPECT_TRUE(allows(*policy("{ limit: 2, window: 1h, scope: ip }", "another")));
}

TEST_F(RateLimitTest, ADryRunTakesNothingAndCountsNothing) {
  const auto limit = policy("{ limit: 1, window: 1h, scope: ip }");
  exchange.dry_run = true;
  EXPECT_TRUE(allows(*limit));
  EXPECT_TRUE(allows(*limit));
  exchange.dry_run = false;
  EXPECT_TRUE(allows(*limit));
  exchange.dry_run = true;
  EXPECT_FALSE(allows(*limit));
  EXPECT_NE(
      metrics().find(
          R"(penstock_ratelimit_decisions_total{policy="standard-user",decision="allowed"} 1)"),
      std::string::npos)
      << metrics();
}

TEST_F(RateLimitTest, CountsItsDecisions) {
  const auto limit = policy("{ limit: 2, window: 1h, scope: ip }");
  for (int i = 0; i < 5; ++i) limit->on_request(exchange);
  const std::string name = R"(penstock_ratelimit_decisions_total{policy="standard-user",decision=)";
  EXPECT_NE(metrics().find(name + R"("allowed"} 2)"), std::string::npos) << metrics();
  EXPECT_NE(metrics().find(name + R"("limited"} 3)"), std::string::npos) << metrics();
}

TEST_F(RateLimitTest, CountsWhoSharesABucketBecauseThereAreTooManyKeys) {
  const auto limit = policy("{ limit: 2, window: 1h, scope: { header: X }, maxKeys: 1000 }");
  for (int i = 0; i < 1010; ++i) {
    exchange.request.fields.clear();
    const auto value = std::to_string(i);
    exchange.request.fields.add("X", value);
    EXPECT_EQ(allows(*limit), i < 1002) << i;
  }
  EXPECT_NE(metrics().find(R"(penstock_limit_hits_total{limit="maxKeys"} 10)"), std::string::npos)
      << metrics();
}

TEST(RateLimitConfig, HasTheUsersOwnPolicy) {
  const Parsed parsed("{ limit: 1000, window: 1m, scope: userId }");
  EXPECT_EQ(parsed.findings, "");
  EXPECT_EQ(parsed.value.quota().burst(), 1000U);
  EXPECT_EQ(parsed.value.quota().window(), 1min);
}

TEST(RateLimitConfig, SaysWhatIsWrong) {
  const auto found = [](std::string_view yaml) { return Parsed(yaml).findings; };
  EXPECT_NE(found("{ limit: 1, window: 1s }").find("scope"), std::string::npos);
  EXPECT_NE(found("{ limit: 0, window: 1s, scope: ip }").find("from 1 to 1000000"),
            std::string::npos);
  EXPECT_NE(found("{ limit: 1, window: 10ms, scope: ip }").find("from 100ms to 1d"),
            std::string::npos);
  EXPECT_NE(found("{ limit: 1, window: 1s, scope: [] }").find("found 0 elements"),
            std::string::npos);
  EXPECT_NE(found("{ limit: 1, window: 1s, scope: ipp }")
                .find("found \"ipp\", expected ip, userId, route or service"),
            std::string::npos)
      << found("{ limit: 1, window: 1s, scope: ipp }");
  EXPECT_EQ(found("{ limit: 1, window: 1s, scope: [ ip, route, ip ] }"),
            "p:1:45 p.scope[2]: found \"ip\" a second time, expected each once\n");
  EXPECT_EQ(found("{ limit: 1, window: 1s, scope: { header: 'a b' } }"),
            "p:1:32 p.scope.header: found \"a b\", expected the name of a field\n");
  EXPECT_EQ(found("{ limit: 1, window: 24h, burst: 367, scope: ip }"),
            "p:1:33 p.burst: found 367, expected fewer: at 1 in 1d so many take more than "
            "366d to be there again\n");
}

TEST(RateLimitConfig, SaysNothingMoreOfAScopeThatCouldNotBeRead) {
  RateLimitConfig config;
  config.scope.resize(2);
  config.scope[0].value.word = config.scope[1].value.word = LimitScope::ip;
  schema::Findings findings({"p"});
  RateLimit::check(config, "p", findings);
  EXPECT_FALSE(findings.failed());
}

TEST(RateLimitConfig, AListOfOneMayStandAlone) {
  const auto schema =
      nlohmann::json::parse(schema::json_schema(schema::kType<RateLimitConfig>, "A rate limit"));
  EXPECT_EQ(schema["properties"]["scope"]["anyOf"][1]["type"], "array");
  EXPECT_EQ(Parsed("{ limit: 1, window: 1s, scope: ip }").value.scope.size(), 1U);
  EXPECT_EQ(Parsed("{ limit: 1, window: 1s, scope: [ ip ] }").value.scope.size(), 1U);
}

}  // namespace
}  // namespace penstock

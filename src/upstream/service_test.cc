#include "upstream/service.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

class ServiceTest : public ::testing::Test {
 protected:
  static ServiceConfig config() {
    ServiceConfig config;
    config.service_name.value = "orders";
    config.pool.max_connections = 5;
    return config;
  }
  static EndpointSet set_of(std::vector<std::string> texts) {
    EndpointSet set;
    std::uint32_t instance = 0;
    for (auto& text : texts) {
      Endpoint endpoint;
      endpoint.text = std::move(text);
      endpoint.instance = ++instance;
      endpoint.state = std::make_shared<EndpointState>();
      set.endpoints.push_back(std::move(endpoint));
    }
    set.plan_rounds();
    return set;
  }
  std::map<std::uint32_t, int> choose(const EndpointSet& set, int times,
                                      std::uint32_t avoid = Service::kNone) {
    std::map<std::uint32_t, int> chosen;
    for (int i = 0; i < times; ++i) ++chosen[service_.choose(set, avoid)];
    return chosen;
  }

  SimLoop loop_{1};
  MetricStore store_;
  Service service_{loop_, store_, config(), 2};
};

using Chosen = std::map<std::uint32_t, int>;

TEST_F(ServiceTest, NoEndpointIsNone) {
  EXPECT_EQ(service_.choose(set_of({}), Service::kNone), Service::kNone);
  auto weightless = set_of({"a"});
  weightless.endpoints[0].weight = 0;
  weightless.plan_rounds();
  EXPECT_EQ(service_.choose(weightless, Service::kNone), Service::kNone);
}

TEST_F(ServiceTest, EndpointsTakeTurns) {
  const auto set = set_of({"a", "b", "c"});
  EXPECT_EQ(choose(set, 30), (Chosen{{0, 10}, {1, 10}, {2, 10}}));
}

TEST_F(ServiceTest, WorkersBeginAtDifferentPlaces) {
  const auto set = set_of({"a", "b", "c", "d", "e", "f", "g", "h"});
  std::map<std::uint32_t, int> first;
  for (int i = 0; i < 20; ++i)
    ++first[Service(loop_, store_, config(), 2).choose(set, Service::kNone)];
  EXPECT_GT(first.size(), 2U);
}

TEST_F(ServiceTest, AnEjectedEndpointIsPassedOverUntilItsTimeIsUp) {
  const auto set = set_of({"a", "b"});
  set.endpoints[0].state->connect_failed(loop_.now());
  EXPECT_EQ(choose(set, 10), (Chosen{{1, 10}}));
  loop_.run_for(EndpointState::kFirstEjection);
  EXPECT_EQ(choose(set, 10), (Chosen{{0, 5}, {1, 5}}));
}

TEST_F(ServiceTest, WhenAllAreEjectedAllAreTried) {
  const auto set = set_of({"a", "b"});
  for (const auto& endpoint : set.endpoints) endpoint.state->connect_failed(loop_.now());
  EXPECT_EQ(choose(set, 10), (Chosen{{0, 5}, {1, 5}}));
}

TEST_F(ServiceTest, TheEndpointOfTheTryBeforeIsAvoided) {
  const auto set = set_of({"a", "b", "c"});
  EXPECT_EQ(choose(set, 30, 1).count(1), 0U);
}

TEST_F(ServiceTest, TheEndpointOfTheTryBeforeIsTakenIfThereIsNoOther) {
  EXPECT_EQ(choose(set_of({"a"}), 3, 0), (Chosen{{0, 3}}));
  // One that is not ejected is better than another that is.
  const auto set = set_of({"a", "b"});
  set.endpoints[1].state->connect_failed(loop_.now());
  EXPECT_EQ(choose(set, 3, 0), (Chosen{{0, 3}}));
}

TEST_F(ServiceTest, RetriesOnlyTheMethodsItWasTold) {
  for (const auto* const method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
    EXPECT_TRUE(service_.retries_method(method)) << method;
  for (const auto* const method : {"POST", "PATCH", "get", "", "GETX"})
    EXPECT_FALSE(service_.retries_method(method)) << method;
}

TEST_F(ServiceTest, EndpointsKeepTheirPoolsFromSetToSet) {
  const auto before = set_of({"a", "b"});
  const auto* const a = &service_.pool(before, 0);
  const auto* const b = &service_.pool(before, 1);
  EXPECT_NE(a, b);
  EXPECT_EQ(&service_.pool(before, 0), a);
  const auto after = set_of({"new", "b", "a"});
  EXPECT_EQ(&service_.pool(after, 2), a);
  EXPECT_EQ(&service_.pool(after, 1), b);
}

TEST_F(ServiceTest, APoolInUseOutlivesItsEndpoint) {
  const auto before = set_of({"a"});
  auto& pool = service_.pool(before, 0);
  pool.opened();
  service_.pool(set_of({"b"}), 0);
  EXPECT_EQ(pool.in_use(), 1U);
  pool.closed();
  service_.pool(set_of({"c"}), 0);  // Now it goes.
}

TEST_F(ServiceTest, OpensNoMoreThanItsShareOfTheConnections) {
  const auto set = set_of({"a", "b"});
  auto& a = service_.pool(set, 0);
  auto& b = service_.pool(set, 1);
  // Five over two workers, rounded up.
  for (auto* const pool : {&a, &b, &a}) {
    EXPECT_TRUE(service_.may_open());
    pool->opened();
  }
  EXPECT_FALSE(service_.may_open());
  b.closed();
  EXPECT_TRUE(service_.may_open());
  a.closed();
  a.closed();
}

}  // namespace
}  // namespace penstock

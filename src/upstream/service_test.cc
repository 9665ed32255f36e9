#include "upstream/service.h"

#include <gtest/gtest.h>

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
  std::shared_ptr<const EndpointSet> adopted(std::vector<std::string> texts) {
    const auto set = std::make_shared<EndpointSet>(set_of(std::move(texts)));
    service_.adopt(set);
    return set;
  }

  SimLoop loop_{1};
  MetricStore store_;
  Service service_{loop_, store_, config(), 2};
};

TEST_F(ServiceTest, ChoosesAsItsConfigurationSays) {
  const auto set = adopted({"a", "b"});
  const InFlight busy(*set->endpoints[0].state);
  auto other = config();
  other.load_balancing.strategy = BalanceStrategy::least_connections;
  service_.configure(other);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(service_.choose(*set, nullptr), 1U);
}

TEST_F(ServiceTest, KnowsNoEndpointsAtFirst) {
  EXPECT_EQ(service_.choose(*service_.endpoints(), nullptr), Service::kNone);
}

TEST_F(ServiceTest, EndpointsKeepTheirPoolsFromSetToSet) {
  const auto before = adopted({"a", "b"});
  const auto* const a = &service_.pool(*before, 0);
  const auto* const b = &service_.pool(*before, 1);
  EXPECT_NE(a, b);
  EXPECT_EQ(&service_.pool(*before, 0), a);
  const auto after = adopted({"new", "b", "a"});
  EXPECT_EQ(&service_.pool(*after, 2), a);
  EXPECT_EQ(&service_.pool(*after, 1), b);
  // A call may still be at the set before.
  EXPECT_EQ(&service_.pool(*before, 0), a);
}

TEST_F(ServiceTest, APoolInUseOutlivesItsEndpoint) {
  const auto before = adopted({"a"});
  auto& pool = service_.pool(*before, 0);
  pool.opened();
  adopted({"b"});
  EXPECT_EQ(pool.in_use(), 1U);
  pool.closed();
  adopted({"c"});  // Now it goes.
}

TEST_F(ServiceTest, AnotherConfigurationHoldsForTheConnectionsThatAreThere) {
  const auto set = adopted({"a"});
  auto& pool = service_.pool(*set, 0);
  for (int i = 0; i < 3; ++i) pool.opened();
  auto fewer = config();
  fewer.pool.max_connections = 2;
  service_.configure(fewer);
  EXPECT_FALSE(service_.may_open());
  pool.closed();
  pool.closed();
  EXPECT_FALSE(service_.may_open());  // One for each of the two workers.
  fewer.pool.max_connections = 4;
  service_.configure(fewer);
  EXPECT_TRUE(service_.may_open());
  pool.closed();
}

TEST_F(ServiceTest, OpensNoMoreThanItsShareOfTheConnections) {
  const auto set = adopted({"a", "b"});
  auto& a = service_.pool(*set, 0);
  auto& b = service_.pool(*set, 1);
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

// --- From snapshot to snapshot

class ServicesTest : public ::testing::Test {
 protected:
  static std::vector<ServiceConfig> named(std::vector<std::string> names) {
    std::vector<ServiceConfig> configs(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) configs[i].service_name.value = names[i];
    return configs;
  }
  static Directory directory_of(std::vector<std::string> names) {
    Directory directory;
    for (const auto& name : names) {
      auto set = std::make_shared<EndpointSet>();
      set->service = name;
      set->endpoints.emplace_back().state = std::make_shared<EndpointState>();
      set->plan_rounds();
      directory.services.push_back(std::move(set));
    }
    return directory;
  }

  SimLoop loop_{1};
  MetricStore store_;
  Services services_{loop_, store_, 1};
};

TEST_F(ServicesTest, TheSameNameIsTheSameServiceWhereverItStands) {
  const auto before = services_.adopt(named({"a", "b"}));
  const auto after = services_.adopt(named({"new", "b", "a"}));
  EXPECT_EQ(after[1], before[1]);
  EXPECT_EQ(after[2], before[0]);
  EXPECT_EQ(after[0]->name(), "new");
}

TEST_F(ServicesTest, OneThatComesBackIsNew) {
  const std::weak_ptr<Service> before = services_.adopt(named({"a"})).front();
  services_.adopt(named({}));
  EXPECT_TRUE(before.expired());
  EXPECT_EQ(services_.adopt(named({"a"})).size(), 1U);
}

TEST_F(ServicesTest, OneThatVanishedLivesAsLongAsItIsHeld) {
  const auto held = services_.adopt(named({"a"})).front();
  services_.follow(directory_of({"a"}));
  services_.adopt(named({}));
  EXPECT_EQ(held->choose(*held->endpoints(), nullptr), 0U);
  EXPECT_NE(services_.adopt(named({"a"})).front(), held);
}

TEST_F(ServicesTest, EndpointsAreFoundByName) {
  const auto directory = directory_of({"b", "unknown", "a"});
  const auto services = services_.adopt(named({"a", "b"}));
  EXPECT_TRUE(services[0]->endpoints()->endpoints.empty());
  services_.follow(directory);
  EXPECT_EQ(services[0]->endpoints().get(), directory.services[2].get());
  EXPECT_EQ(services[1]->endpoints().get(), directory.services[0].get());
}

TEST_F(ServicesTest, ANewServiceFindsItsEndpointsInAnOldDirectory) {
  const auto directory = directory_of({"a", "b"});
  services_.adopt(named({"a"}));
  services_.follow(directory);
  const auto services = services_.adopt(named({"a", "b"}));
  services_.follow(directory);
  EXPECT_EQ(services[1]->endpoints().get(), directory.services[1].get());
}

TEST_F(ServicesTest, WhatADirectoryDoesNotKnowKeepsItsEndpoints) {
  const auto services = services_.adopt(named({"a"}));
  const auto before = directory_of({"a"});
  services_.follow(before);
  services_.follow(directory_of({"b"}));
  EXPECT_EQ(services[0]->endpoints().get(), before.services[0].get());
}

}  // namespace
}  // namespace penstock

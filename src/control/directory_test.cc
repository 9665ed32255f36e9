#include "control/directory.h"

#include <gtest/gtest.h>

#include "observe/exposition.h"

namespace penstock {
namespace {

ServiceConfig service(std::string name, std::vector<InstanceConfig> instances) {
  ServiceConfig config;
  config.service_name.value = std::move(name);
  config.instances = std::move(instances);
  return config;
}

InstanceConfig instance(std::string host, std::uint16_t port = 80) {
  InstanceConfig config;
  config.host.value = std::move(host);
  config.port = port;
  return config;
}

Resolved resolved(std::vector<std::string> texts) {
  Resolved resolved;
  for (const auto& text : texts) resolved.addresses.push_back(*Address::parse(text));
  return resolved;
}

std::vector<std::string> texts_of(const EndpointSet& set) {
  std::vector<std::string> texts;
  for (const auto& endpoint : set.endpoints) texts.push_back(endpoint.text);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(ResolveHosts, LiteralsStandForThemselves) {
  const auto hosts = resolve_hosts({service("s", {instance("10.0.0.1"), instance("::1")})});
  EXPECT_EQ(hosts.size(), 2U);
  EXPECT_TRUE(hosts.at("10.0.0.1").fault.empty());
  EXPECT_EQ(hosts.at("10.0.0.1").addresses.size(), 1U);
  EXPECT_EQ(hosts.at("::1").addresses.size(), 1U);
}

TEST(Directory, EveryAddressOfAHostIsAnEndpoint) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{
      service("s", {instance("a.test", 8080), instance("10.0.0.9", 81)})};
  const auto directory = builder.build(
      services,
      {{"a.test", resolved({"10.0.0.1:0", "10.0.0.2:0"})}, {"10.0.0.9", resolved({"10.0.0.9:0"})}});
  const auto& set = *directory->services.at(0);
  EXPECT_EQ(texts_of(set), (Texts{"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.9:81"}));
  EXPECT_EQ(set.endpoints[0].authority, "a.test:8080");
  EXPECT_EQ(set.endpoints[0].instance, set.endpoints[1].instance);
  EXPECT_NE(set.endpoints[1].instance, set.endpoints[2].instance);
  EXPECT_EQ(set.rounds.size(), 3U);
  EXPECT_EQ(set.endpoints[0].address.port(), 8080);
}

TEST(Directory, AnIpv6AuthorityHasBrackets) {
  DirectoryBuilder builder;
  const auto directory =
      builder.build({service("s", {instance("::1", 80)})}, {{"::1", resolved({"[::1]:0"})}});
  EXPECT_EQ(directory->services.at(0)->endpoints.at(0).authority, "[::1]:80");
  EXPECT_EQ(directory->services.at(0)->endpoints.at(0).text, "[::1]:80");
}

TEST(Directory, ServicesStandInTheirOrderEvenWithoutEndpoints) {
  DirectoryBuilder builder;
  const auto directory =
      builder.build({service("none", {}), service("some", {instance("10.0.0.1")})},
                    {{"10.0.0.1", resolved({"10.0.0.1:0"})}});
  ASSERT_EQ(directory->services.size(), 2U);
  EXPECT_TRUE(directory->services[0]->rounds.empty());
  EXPECT_EQ(directory->services[1]->endpoints.size(), 1U);
}

TEST(Directory, InstancesTakenOutByHandGetNothing) {
  auto off = instance("10.0.0.1");
  off.healthy = false;
  DirectoryBuilder builder;
  const auto directory = builder.build(
      {service("s", {off, instance("10.0.0.2")})},
      {{"10.0.0.1", resolved({"10.0.0.1:0"})}, {"10.0.0.2", resolved({"10.0.0.2:0"})}});
  const auto& set = *directory->services.at(0);
  EXPECT_EQ(texts_of(set), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_EQ(set.rounds, (std::vector<std::uint32_t>{1}));
  EXPECT_FALSE(set.endpoints[0].healthy(Instant{}));
  EXPECT_TRUE(set.endpoints[1].healthy(Instant{}));
}

TEST(Directory, EndpointsKeepTheirStateWhileTheyAreKnown) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{service("s", {instance("a.test")})};
  const auto before = builder.build(services, {{"a.test", resolved({"10.0.0.1:0", "10.0.0.2:0"})}});
  const auto after = builder.build(services, {{"a.test", resolved({"10.0.0.2:0", "10.0.0.3:0"})}});
  EXPECT_EQ(after->services[0]->endpoints[0].state, before->services[0]->endpoints[1].state);
  EXPECT_NE(after->services[0]->endpoints[1].state, before->services[0]->endpoints[0].state);
  const auto again = builder.build(services, {{"a.test", resolved({"10.0.0.1:0"})}});
  EXPECT_NE(again->services[0]->endpoints[0].state, before->services[0]->endpoints[0].state);
  EXPECT_NE(after->services[0]->edition, before->services[0]->edition);
}

TEST(Directory, ServicesDoNotShareTheStateOfAnAddress) {
  DirectoryBuilder builder;
  const auto directory =
      builder.build({service("a", {instance("10.0.0.1")}), service("b", {instance("10.0.0.1")})},
                    {{"10.0.0.1", resolved({"10.0.0.1:0"})}});
  EXPECT_NE(directory->services[0]->endpoints[0].state, directory->services[1]->endpoints[0].state);
}

TEST(Directory, AHostThatNoLongerResolvesKeepsItsAddresses) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{service("s", {instance("a.test")})};
  builder.build(services, {{"a.test", resolved({"10.0.0.1:0"})}});
  const auto after = builder.build(services, {{"a.test", Resolved{{}, "it is unknown"}}});
  EXPECT_EQ(texts_of(*after->services.at(0)), (Texts{"10.0.0.1:80"}));
}

TEST(Directory, KnowsWhetherAnythingChanged) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{service("s", {instance("a.test")})};
  const ResolvedHosts first{{"a.test", resolved({"10.0.0.1:0"})}};
  const ResolvedHosts second{{"a.test", resolved({"10.0.0.1:0", "10.0.0.2:0"})}};
  const ResolvedHosts lost{{"a.test", Resolved{{}, "it is unknown"}}};
  EXPECT_TRUE(builder.changed(first));
  builder.build(services, first);
  EXPECT_FALSE(builder.changed(first));
  EXPECT_TRUE(builder.changed(second));
  builder.build(services, second);
  EXPECT_FALSE(builder.changed(lost));  // The last known serve.
  EXPECT_FALSE(builder.changed(lost));
}

TEST(Directory, AHostThatComesBackAsItWasIsNoMoreAtFault) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{service("s", {instance("a.test")})};
  const ResolvedHosts first{{"a.test", resolved({"10.0.0.1:0"})}};
  builder.build(services, first);
  EXPECT_FALSE(builder.changed({{"a.test", Resolved{{}, "it is unknown"}}}));
  EXPECT_TRUE(builder.changed(first));  // So that its fault is forgotten.
  builder.build(services, first);
  EXPECT_FALSE(builder.changed(first));
}

TEST(Directory, AHostThatIsNoLongerNamedIsForgotten) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{service("s", {instance("a.test")})};
  builder.build(services, {{"a.test", resolved({"10.0.0.1:0"})}});
  builder.build({service("s", {instance("b.test")})}, {{"b.test", resolved({"10.0.0.2:0"})}});
  const auto after = builder.build(services, {{"a.test", Resolved{{}, "it is unknown"}}});
  EXPECT_TRUE(after->services.at(0)->endpoints.empty());
}

TEST(Directory, TellsWhichEndpointsAreEjected) {
  DirectoryBuilder builder;
  const std::vector<ServiceConfig> services{
      service("s", {instance("10.0.0.1"), instance("10.0.0.2")})};
  const auto directory = builder.build(
      services, {{"10.0.0.1", resolved({"10.0.0.1:0"})}, {"10.0.0.2", resolved({"10.0.0.2:0"})}});
  const Instant now{std::chrono::hours(1)};
  directory->services[0]->endpoints[1].state->connect_failed(now);
  const auto copy = copy_services(services, *directory, now);
  const auto text = expose(merge(std::span(&copy, 1)), MetricFormat::prometheus);
  EXPECT_NE(text.find(R"(penstock_endpoint_healthy{service="s",endpoint="10.0.0.1:80"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(penstock_endpoint_healthy{service="s",endpoint="10.0.0.2:80"} 0)"),
            std::string::npos);
}

}  // namespace
}  // namespace penstock

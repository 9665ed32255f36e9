#include "upstream/health_checks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/tls/test_certificates.h"
#include "upstream/call_bench.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr auto kBusy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

// One service with a check each second, in virtual time.
class HealthChecksTest : public ::testing::Test {
 protected:
  HealthChecksTest() {
    config_.service_name.value = "s";
    config_.health_check = HealthCheckConfig{.path = CheckPath{"/healthz"}, .interval = 1s};
    set_ = bench_.set;
    set_.service = "s";
  }
  ~HealthChecksTest() override {
    scope_.cancel();
    EXPECT_TRUE(bench_.loop.run_until([this] { return scope_.empty(); }));
  }

  void follow() {
    Directory directory;
    directory.services.push_back(std::make_shared<EndpointSet>(set_));
    checks_.follow({config_}, directory);
    if (scope_.empty()) scope_.spawn(checks_.run());
  }
  // So many checks at the least, and one more at the most.
  void run_checks(int count) { bench_.loop.run_for(count * 1100ms + 50ms); }
  bool unwell() const { return set_.endpoints[0].state->unwell(); }
  static std::vector<Act> acts(std::vector<std::string> answers) {
    std::vector<Act> acts;
    for (auto& answer : answers) acts.push_back({std::move(answer)});
    return acts;
  }

  CallBench bench_;
  ServiceConfig config_;
  EndpointSet set_;
  MetricStore store_;
  Scope scope_{bench_.loop};
  HealthChecks checks_{bench_.loop, store_, 0};
};

TEST_F(HealthChecksTest, FailuresInARowMakeItUnwellAndSuccessesWellAgain) {
  ScriptedService service(bench_.loop, CallBench::address(0),
                          acts({ok(), kBusy, kBusy, ok(), kBusy, kBusy, kBusy, ok(), kBusy, ok()}));
  follow();
  std::vector<bool> seen;  // After each check.
  while (service.heads().size() < 11) {
    const auto before = service.heads().size();
    EXPECT_TRUE(bench_.loop.run_until([&] { return service.heads().size() > before; }));
    bench_.loop.run_for(100ms);
    seen.push_back(unwell());
  }
  EXPECT_EQ(seen, (std::vector<bool>{false, false, false, false, false, false, true, true, true,
                                     true, false}));
  EXPECT_EQ(service.heads()[0],
            "GET /healthz HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: penstock-health-check\r\n"
            "Connection: close\r\n\r\n");
  EXPECT_EQ(service.open(), 0);
}

TEST_F(HealthChecksTest, AnInterimAnswerIsNotTheLast) {
  ScriptedService service(bench_.loop, CallBench::address(0),
                          acts({std::string("HTTP/1.1 102 Processing\r\n\r\n") + kBusy}));
  follow();
  run_checks(3);
  EXPECT_TRUE(unwell());
}

TEST_F(HealthChecksTest, InterimAnswersWithoutEndAreAFailure) {
  std::string answer;
  for (int i = 0; i < 100; ++i) answer += "HTTP/1.1 102 Processing\r\n\r\n";
  ScriptedService service(bench_.loop, CallBench::address(0), acts({answer + ok()}));
  follow();
  run_checks(3);
  EXPECT_TRUE(unwell());
}

TEST_F(HealthChecksTest, WhatIsNoAnswerIsAFailure) {
  const std::vector<Act> table{
      {.answer = "", .end = Act::End::fin},
      {.answer = "", .end = Act::End::reset},
      {.answer = "SSH-2.0-OpenSSH\r\n\r\n"},
      {.answer = ok(), .pause = 1500ms},
      {.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
  };
  for (const auto& act : table) {
    SCOPED_TRACE(act.answer);
    set_.endpoints[0].state->set_unwell(false);
    ScriptedService service(bench_.loop, CallBench::address(0), {act});
    follow();
    run_checks(7);
    EXPECT_TRUE(unwell());
    EXPECT_GE(service.heads().size(), 3U);
  }
}

TEST_F(HealthChecksTest, WithoutAPathAConnectionIsEnough) {
  config_.health_check->path.reset();
  bench_.loop.network().conditions(CallBench::address(0)).answer = SimConditions::Answer::refuse;
  follow();
  run_checks(3);
  EXPECT_TRUE(unwell());
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}});
  bench_.loop.network().conditions(CallBench::address(0)).answer = SimConditions::Answer::accept;
  run_checks(3);
  EXPECT_FALSE(unwell());
  EXPECT_TRUE(service.heads().empty());
}

TEST_F(HealthChecksTest, OurOwnWantOfDescriptorsSaysNothing) {
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}});
  follow();
  bench_.loop.network().exhaust(true);
  run_checks(5);
  bench_.loop.network().exhaust(false);
  EXPECT_FALSE(unwell());
  run_checks(2);
  EXPECT_FALSE(service.heads().empty());
}

TEST_F(HealthChecksTest, WhatStaysKeepsItsTurnAndWhatGoesIsWell) {
  bench_.loop.network().conditions(CallBench::address(0)).answer = SimConditions::Answer::refuse;
  follow();
  for (int i = 0; i < 40; ++i) {  // Changes come faster than checks.
    bench_.loop.run_for(100ms);
    follow();
  }
  EXPECT_TRUE(unwell());
  config_.health_check.reset();
  follow();
  EXPECT_FALSE(unwell());
  run_checks(5);
  EXPECT_FALSE(unwell());
}

TEST_F(HealthChecksTest, AnAddressThatStandsTwiceIsAskedOnceHoweverOftenItIsFollowed) {
  set_.endpoints.push_back(set_.endpoints.front());
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}});
  for (int i = 0; i < 10; ++i) follow();
  bench_.loop.run_for(10s);
  EXPECT_GE(service.heads().size(), 8U);
  EXPECT_LE(service.heads().size(), 12U);
}

TEST_F(HealthChecksTest, AnInstanceWithoutWeightIsNotAsked) {
  set_.endpoints[0].weight = 0;
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}});
  follow();
  run_checks(3);
  EXPECT_EQ(service.connections(), 0);
}

TEST_F(HealthChecksTest, AServiceOfHttpsIsAskedOverTls) {
  TlsWorkers workers(1, bench_.loop.now());
  const TestCertificate certificate({.names = {"orders.internal"}});
  set_.tls = *ClientTls::make({.trust = *Trust::load(certificate.files().certificate, workers),
                               .certificate = {},
                               .server_name = {}},
                              workers);
  set_.endpoints[0].host = "orders.internal";
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}},
                          *ServerTls::make({certificate.load()}, TlsVersion::tls12, workers));
  follow();
  run_checks(4);
  EXPECT_GE(service.heads().size(), 3U);
  EXPECT_FALSE(unwell());
  set_.endpoints[0].host = "elsewhere.internal";
  follow();
  run_checks(4);
  EXPECT_TRUE(unwell());
  config_.health_check.reset();
  follow();
}

TEST_F(HealthChecksTest, ManyEndpointsAreNotAskedAllAtOnce) {
  set_.endpoints.clear();
  for (int i = 0; i < 2'000; ++i) {
    Endpoint endpoint = bench_.set.endpoints[0];
    endpoint.text = std::to_string(i);
    endpoint.state = std::make_shared<EndpointState>();
    set_.endpoints.push_back(std::move(endpoint));
  }
  ScriptedService service(bench_.loop, CallBench::address(0), {{.answer = ok(), .pause = 500ms}});
  follow();
  int most = 0;
  for (int i = 0; i < 200; ++i) {
    bench_.loop.run_for(10ms);
    most = std::max(most, service.open());
  }
  EXPECT_LE(most, static_cast<int>(HealthChecks::kMost) + 1);
  EXPECT_GT(most, 200);
}

}  // namespace
}  // namespace penstock

#include <gtest/gtest.h>

#include <string>

#include "upstream/call_bench.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using End = Act::End;

const std::string kBusy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";

// --- Connecting

TEST(CallConnect, AConnectionServesOneRequestAfterAnother) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok()}});
  for (int i = 0; i < 3; ++i) {
    const auto called = bench.get();
    EXPECT_EQ(called.status, 200);
    EXPECT_EQ(called.content, "fine");
    EXPECT_EQ(called.attempts, 1U);
  }
  EXPECT_EQ(service.connections(), 1);
  EXPECT_EQ(bench.exchange.upstream.endpoint, bench.set.endpoints[0].text);
}

TEST(CallConnect, WithoutEndpointsThereIsNoAnswer) {
  CallBench bench(1, 0);
  const auto called = bench.get();
  EXPECT_EQ(called.reason, &reasons::kNoEndpoint);
  EXPECT_EQ(called.attempts, 1U);
}

TEST(CallConnect, ARefusalIsTriedElsewhereAndEjectsTheEndpoint) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CallBench bench(seed, 2);
    ScriptedService second(bench.loop, CallBench::address(1), {{ok()}});
    int attempts = 0;
    for (int i = 0; i < 3; ++i) {
      const auto called = bench.get();
      EXPECT_EQ(called.status, 200);
      attempts += static_cast<int>(called.attempts);
    }
    EXPECT_EQ(attempts, 4);
    EXPECT_TRUE(bench.set.endpoints[0].state->ejected(bench.loop.now()));
    EXPECT_FALSE(bench.set.endpoints[1].state->ejected(bench.loop.now()));
  }
}

TEST(CallConnect, EveryFailureHasItsReason) {
  using Answer = SimConditions::Answer;
  const std::pair<Answer, const Reason*> table[] = {{Answer::refuse, &reasons::kConnectRefused},
                                                    {Answer::unreachable, &reasons::kConnectFailed},
                                                    {Answer::ignore, &reasons::kConnectTimeout}};
  for (const auto& [answer, reason] : table) {
    CallBench bench;
    bench.loop.network().conditions(CallBench::address(0)).answer = answer;
    const auto called = bench.get();
    EXPECT_EQ(called.reason, reason);
    EXPECT_EQ(called.attempts, 2U);
    EXPECT_TRUE(bench.set.endpoints[0].state->ejected(bench.loop.now()));
  }
}

TEST(CallConnect, WantOfDescriptorsIsNotTheEndpointsFault) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok()}});
  bench.loop.network().exhaust(true);
  const auto called = bench.get();
  bench.loop.network().exhaust(false);
  EXPECT_EQ(called.reason, &reasons::kPoolExhausted);
  EXPECT_EQ(called.attempts, 1U);
  EXPECT_FALSE(bench.set.endpoints[0].state->ejected(bench.loop.now()));
  EXPECT_EQ(bench.get().status, 200);
}

TEST(CallConnect, TheNextAddressOfTheSameInstanceIsStillTheSameTry) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallBench bench(seed, 3);
    bench.make_siblings();
    bench.config.retry.attempts = 1;
    ScriptedService last(bench.loop, CallBench::address(2), {{ok()}});
    SlowBody body(bench.loop, {"content"});
    const auto called = bench.send("POST", body);
    EXPECT_EQ(called.status, 200);
    EXPECT_EQ(called.attempts, 1U);
    EXPECT_EQ(last.contents().at(0), "content");
  }
}

TEST(CallConnect, WhenNoAddressOfAnInstanceAnswersTheTryIsOver) {
  CallBench bench(1, 3);
  bench.make_siblings();
  bench.config.retry.attempts = 1;
  const auto called = bench.get();
  EXPECT_EQ(called.reason, &reasons::kConnectRefused);
  EXPECT_EQ(called.attempts, 1U);
}

TEST(CallConnect, NoMoreConnectionsThanTheServiceMayHave) {
  CallBench bench;
  bench.config.pool.max_connections = 1;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok()}});
  auto& pool = bench.service().pool(*bench.service().endpoints(), 0);
  pool.opened();
  const auto called = bench.get();
  EXPECT_EQ(called.reason, &reasons::kPoolExhausted);
  EXPECT_EQ(called.attempts, 1U);
  pool.closed();
  EXPECT_EQ(bench.get().status, 200);
}

// --- Trying again

struct Tries {
  Called called;
  std::size_t requests;
};

Tries tries_of(std::string_view method, std::vector<Act> acts, std::uint64_t seed = 1) {
  CallBench bench(seed);
  ScriptedService service(bench.loop, CallBench::address(0), std::move(acts));
  const auto called = bench.get(method);
  return {called, service.heads().size()};
}

TEST(CallRetry, AnEndBeforeTheAnswerIsTriedAgainForIdempotentMethodsOnly) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const auto end : {End::fin, End::reset}) {
      for (const auto* const method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}) {
        const auto tries = tries_of(method, {{"", end}, {"HTTP/1.1 204 Nothing\r\n\r\n"}}, seed);
        EXPECT_EQ(tries.called.status, 204) << method;
        EXPECT_EQ(tries.called.attempts, 2U);
        EXPECT_EQ(tries.requests, 2U);
      }
      for (const auto* const method : {"POST", "PATCH", "FETCH"}) {
        const auto tries = tries_of(method, {{"", end}, {ok()}}, seed);
        EXPECT_EQ(tries.called.reason, &reasons::kUpstreamClosed) << method;
        EXPECT_EQ(tries.requests, 1U);
      }
    }
  }
}

TEST(CallRetry, OnlyTheMethodsThatAreNamedMayBeRepeated) {
  for (const auto* const method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
    EXPECT_TRUE(may_repeat(RetryConfig{}, method)) << method;
  for (const auto* const method : {"POST", "PATCH", "get", "", "GETX"})
    EXPECT_FALSE(may_repeat(RetryConfig{}, method)) << method;
}

// The endpoints of the first try are gone when the second is made.
TEST(CallRetry, AnotherTryKnowsTheEndpointsOfItsTime) {
  CallBench bench(1, 2);
  auto fewer = bench.set;
  bench.set.endpoints.pop_back();
  bench.set.plan_rounds();
  fewer.endpoints.erase(fewer.endpoints.begin());
  fewer.plan_rounds();
  ScriptedService first(bench.loop, CallBench::address(0), {{"", End::fin, true, 1s}});
  ScriptedService second(bench.loop, CallBench::address(1), {{ok()}});
  Called called;
  bench.start("GET", nullptr, called);
  bench.loop.run_for(500ms);
  bench.service().adopt(std::make_shared<EndpointSet>(fewer));
  bench.finish();
  EXPECT_EQ(called.status, 200);
  EXPECT_EQ(called.attempts, 2U);
  EXPECT_EQ(bench.exchange.upstream.endpoint, fewer.endpoints[0].text);
}

TEST(CallRetry, A503IsTriedAgainAndTheLastAnswerCounts) {
  const auto better = tries_of("GET", {{kBusy}, {ok()}});
  EXPECT_EQ(better.called.status, 200);
  EXPECT_EQ(better.called.content, "fine");
  const auto same = tries_of("GET", {{kBusy}});
  EXPECT_EQ(same.called.status, 503);
  EXPECT_EQ(same.called.content, "busy");
  EXPECT_EQ(same.requests, 2U);
  const auto post = tries_of("POST", {{kBusy}, {ok()}});
  EXPECT_EQ(post.called.status, 503);
  EXPECT_EQ(post.requests, 1U);
}

TEST(CallRetry, WhatTheConfigurationDoesNotNameIsNotTriedAgain) {
  EXPECT_EQ(tries_of("GET", {{"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"}, {ok()}}).requests,
            1U);
  CallBench bench;
  bench.config.retry.on.clear();
  ScriptedService service(bench.loop, CallBench::address(0), {{"", End::fin}, {kBusy}, {ok()}});
  EXPECT_EQ(bench.get().reason, &reasons::kUpstreamClosed);
  EXPECT_EQ(bench.get().status, 503);
  bench.loop.network().conditions(CallBench::address(0)).answer = SimConditions::Answer::refuse;
  bench.loop.run_for(1min);
  EXPECT_EQ(bench.get().attempts, 1U);
}

TEST(CallRetry, NothingIsTriedAgainOnceTheAnswerHasBegun) {
  const auto within_head = tries_of("GET", {{"HTTP/1.1 20", End::fin}, {ok()}});
  EXPECT_EQ(within_head.called.reason, &reasons::kUpstreamClosed);
  EXPECT_EQ(within_head.requests, 1U);
  const auto garbage = tries_of("GET", {{"garbage\r\n\r\n", End::fin}, {ok()}});
  EXPECT_EQ(garbage.called.reason, &reasons::kUpstreamMalformed);
  EXPECT_EQ(garbage.requests, 1U);
  const auto within_content =
      tries_of("GET", {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun", End::fin}, {ok()}});
  EXPECT_EQ(within_content.called.status, 200);
  EXPECT_EQ(within_content.called.cut, &reasons::kUpstreamIncomplete);
  EXPECT_EQ(within_content.requests, 1U);
}

TEST(CallRetry, NothingIsTriedAgainOnceTheClientHasSeenAnInterimAnswer) {
  const auto tries = tries_of("GET", {{"HTTP/1.1 103 Early Hints\r\n\r\n", End::fin}, {ok()}});
  EXPECT_EQ(tries.called.reason, &reasons::kUpstreamClosed);
  EXPECT_EQ(tries.requests, 1U);
}

TEST(CallRetry, SurplusOnAReusedConnectionCostsAnIdempotentRequestOnlyATry) {
  CallBench bench;
  // The surplus comes when the next request is under way already.
  ScriptedService service(bench.loop, CallBench::address(0),
                          {{ok()}, {"surplus\r\n", End::fin}, {ok("again")}});
  EXPECT_EQ(bench.get().content, "fine");
  const auto called = bench.get();
  EXPECT_EQ(called.content, "again");
  EXPECT_EQ(called.attempts, 2U);
}

TEST(CallRetry, TheContentIsSentAgain) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CallBench bench(seed);
    ScriptedService service(bench.loop, CallBench::address(0), {{"", End::fin}, {ok()}});
    SlowBody body(bench.loop, {numbered(1000), numbered(50'000), "end"});
    const auto called = bench.send("PUT", body);
    EXPECT_EQ(called.status, 200);
    ASSERT_EQ(service.contents().size(), 2U);
    EXPECT_EQ(service.contents()[0], body.all());
    EXPECT_EQ(service.contents()[1], body.all());
  }
}

TEST(CallRetry, MoreContentThanIsKeptIsNotSentAgain) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0), {{"", End::fin}, {ok()}});
  SlowBody body(bench.loop, {numbered(ReplayBody::kMost), "!"});
  const auto called = bench.send("PUT", body);
  EXPECT_EQ(called.reason, &reasons::kUpstreamClosed);
  EXPECT_EQ(service.heads().size(), 1U);
}

TEST(CallRetry, MuchContentOfWhichNothingWasTakenIsSentElsewhere) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallBench bench(seed, 2);
    ScriptedService second(bench.loop, CallBench::address(1), {{ok()}});
    for (int i = 0; i < 2; ++i) {
      SlowBody body(bench.loop, {numbered(ReplayBody::kMost), "!"});
      const auto called = bench.send("PUT", body);
      EXPECT_EQ(called.status, 200);
      EXPECT_EQ(second.contents().at(static_cast<std::size_t>(i)), body.all());
    }
  }
}

TEST(CallRetry, TheBudgetLimitsHowOften) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0), {{kBusy}});
  int retried = 0;
  for (int i = 0; i < 100; ++i) retried += bench.get().attempts == 2 ? 1 : 0;
  EXPECT_GE(retried, 20);
  EXPECT_LE(retried, 31);
}

TEST(CallRetry, AttemptsAreTriesInAll) {
  CallBench bench;
  bench.config.retry.attempts = 4;
  ScriptedService service(bench.loop, CallBench::address(0), {{kBusy}});
  EXPECT_EQ(bench.get().attempts, 4U);
  EXPECT_EQ(service.heads().size(), 4U);
}

TEST(CallRetry, ABudgetOfNothingRetriesNothing) {
  CallBench bench;
  bench.config.retry.budget = schema::Percent{0};
  ScriptedService service(bench.loop, CallBench::address(0), {{kBusy}, {ok()}});
  EXPECT_EQ(bench.get().status, 503);
}

TEST(CallRetry, ThePauseDoublesAndVaries) {
  CallBench bench;
  bench.config.retry.attempts = 4;
  bench.config.retry.backoff = 1s;
  const auto called = bench.get();
  EXPECT_EQ(called.attempts, 4U);
  EXPECT_GE(called.took, 3500ms);
  EXPECT_LE(called.took, 7100ms);
}

// --- Endpoints whose answers are bad

constexpr auto kError = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";

TEST(CallOutlier, IsEjectedAndComesBack) {
  CallBench bench(1, 2);
  bench.config.outlier_ejection = OutlierEjectionConfig{.consecutive_failures = 3};
  ScriptedService good(bench.loop, CallBench::address(0), {{ok()}});
  ScriptedService bad(bench.loop, CallBench::address(1), {{kError}});
  for (int i = 0; i < 20; ++i) bench.get();
  EXPECT_EQ(bad.heads().size(), 3U);
  EXPECT_FALSE(bench.set.endpoints[1].state->usable(bench.loop.now()));
  EXPECT_TRUE(bench.set.endpoints[0].state->usable(bench.loop.now()));
  bench.loop.run_for(10s);
  for (int i = 0; i < 20; ++i) bench.get();
  EXPECT_EQ(bad.heads().size(), 6U);
}

TEST(CallOutlier, IsNeverTheLastOne) {
  CallBench bench(1, 2);
  bench.config.outlier_ejection = OutlierEjectionConfig{.consecutive_failures = 2};
  ScriptedService one(bench.loop, CallBench::address(0), {{kError}});
  ScriptedService other(bench.loop, CallBench::address(1), {{kError}});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(bench.get().status, 500);
  EXPECT_EQ(one.heads().size() + other.heads().size(), 20U);
  EXPECT_EQ(std::min(one.heads().size(), other.heads().size()), 2U);
}

TEST(CallOutlier, WithoutTheConfigurationAnswersEjectNobody) {
  CallBench bench;
  ScriptedService bad(bench.loop, CallBench::address(0), {{kError}});
  for (int i = 0; i < 20; ++i) bench.get();
  EXPECT_TRUE(bench.set.endpoints[0].state->usable(bench.loop.now()));
}

TEST(CallOutlier, InPanicItGetsRequestsAllTheSame) {
  for (const double threshold : {50.0, 60.0}) {
    CallBench bench(1, 2);
    bench.config.load_balancing.panic_threshold = schema::Percent{threshold};
    bench.set.endpoints[1].state->set_unwell(true);
    ScriptedService good(bench.loop, CallBench::address(0), {{ok()}});
    ScriptedService unwell(bench.loop, CallBench::address(1), {{ok()}});
    for (int i = 0; i < 20; ++i) bench.get();
    EXPECT_EQ(unwell.heads().size(), threshold > 50 ? 10U : 0U);
  }
}

}  // namespace
}  // namespace penstock

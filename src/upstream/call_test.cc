#include "upstream/call.h"

#include <gtest/gtest.h>

#include <string>

#include "upstream/call_bench.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using End = Act::End;
using Peer = Stream::Peer;

constexpr Duration kSlack = 100ms;

// --- Timeouts

TEST(CallTimeout, FirstByteCountsFromTheRequestsEnd) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallBench bench(seed);
    bench.config.timeouts.first_byte = 3s;
    ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, true, 1h}});
    SlowBody body(bench.loop, {"a", "b", "c", "d"}, 2s);
    const auto called = bench.send("POST", body);
    EXPECT_EQ(called.reason, &reasons::kFirstByteTimeout);
    EXPECT_GE(called.took, 11s);
    EXPECT_LE(called.took, 11s + kSlack);
  }
}

TEST(CallTimeout, ATryHasItsOwn) {
  CallBench bench;
  bench.config.timeouts.per_try = 3s;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, true, 1h}});
  const auto called = bench.get();
  EXPECT_EQ(called.reason, &reasons::kTryTimeout);
  EXPECT_GE(called.took, 3s);
  EXPECT_LE(called.took, 3s + kSlack);
}

TEST(CallTimeout, TheTotalHoldsForEverything) {
  CallBench bench;
  bench.config.timeouts = {.total = 5s, .per_try = 10s};
  ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, true, 1h}});
  const auto called = bench.get();
  EXPECT_EQ(called.reason, &reasons::kTotalTimeout);
  EXPECT_LE(called.took, 5s + kSlack);
}

TEST(CallTimeout, AServiceThatDoesNotTakeTheContentIsAWriteTimeout) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallBench bench(seed);
    bench.config.timeouts.idle = 3s;
    ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, false, 1h}});
    SlowBody body(bench.loop, {numbered(400'000)});
    const auto called = bench.send("POST", body);
    EXPECT_EQ(called.reason, &reasons::kWriteTimeout);
    EXPECT_LE(called.took, 3s + 2 * kSlack);
  }
}

TEST(CallTimeout, AStallWithinTheAnswerIsIdle) {
  CallBench bench;
  bench.config.timeouts.idle = 3s;
  ScriptedService service(
      bench.loop, CallBench::address(0),
      {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun", End::keep, true, {}, {}, "rest", 1h}});
  const auto called = bench.get();
  EXPECT_EQ(called.status, 200);
  EXPECT_EQ(called.cut, &reasons::kIdleTimeout);
}

TEST(CallTimeout, ForAStreamTheTotalEndsWithTheHead) {
  for (const bool event_stream : {false, true}) {
    CallBench bench;
    bench.stream = !event_stream;
    bench.config.timeouts.total = 5s;
    const std::string type =
        event_stream ? "Content-Type: text/event-stream;charset=utf-8\r\n" : "";
    ScriptedService service(
        bench.loop, CallBench::address(0),
        {{"HTTP/1.1 200 OK\r\n" + type + "\r\nbegun ", End::fin, true, {}, {}, "rest", 20s}});
    const auto called = bench.get();
    EXPECT_EQ(called.cut, nullptr);
    EXPECT_EQ(called.content, "begun rest");
  }
}

TEST(CallTimeout, AStreamHasALongestAge) {
  CallBench bench;
  bench.stream = true;
  bench.config.timeouts.max_stream_age = 10s;
  ScriptedService service(bench.loop, CallBench::address(0),
                          {{"HTTP/1.1 200 OK\r\n\r\nbegun ", End::fin, true, {}, {}, "rest", 20s}});
  const auto called = bench.get();
  EXPECT_EQ(called.content, "begun ");
  EXPECT_EQ(called.cut, &reasons::kStreamAge);
}

// --- Interim answers

TEST(CallInterim, ArePassedOnInOrder) {
  CallBench bench;
  ScriptedService service(
      bench.loop, CallBench::address(0),
      {{"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok()}});
  const auto called = bench.get();
  EXPECT_EQ(called.content, "fine");
  EXPECT_EQ(bench.responder.interims, (std::vector<std::uint16_t>{102, 103}));
  EXPECT_EQ(bench.get().status, 200);
  EXPECT_EQ(service.connections(), 1);
}

TEST(CallInterim, WithoutEndAreMalformed) {
  CallBench bench;
  std::string many;
  for (int i = 0; i <= Call::kInterims; ++i) many += "HTTP/1.1 103 Early Hints\r\n\r\n";
  ScriptedService service(bench.loop, CallBench::address(0), {{many + ok()}});
  EXPECT_EQ(bench.get().reason, &reasons::kUpstreamMalformed);
  EXPECT_EQ(bench.responder.interims.size(), static_cast<std::size_t>(Call::kInterims));
}

TEST(CallInterim, ASwitchThatNobodyAskedForIsRefused) {
  CallBench bench;
  ScriptedService service(
      bench.loop, CallBench::address(0),
      {{"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"}});
  EXPECT_EQ(bench.get().reason, &reasons::kUpgradeFailed);
}

// --- Expect: 100-continue

TEST(CallExpect, TheContentWaitsForTheServicesWord) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallBench bench(seed);
    bench.expects_continue = true;
    Act act{ok()};
    act.interim = "HTTP/1.1 100 Continue\r\n\r\n";
    ScriptedService service(bench.loop, CallBench::address(0), {act});
    for (int i = 0; i < 2; ++i) {
      SlowBody body(bench.loop, {"some ", "content"});
      const auto called = bench.send("POST", body);
      EXPECT_EQ(called.content, "fine");
      EXPECT_EQ(service.contents().back(), "some content");
    }
    EXPECT_EQ(bench.responder.interims, (std::vector<std::uint16_t>{100, 100}));
    EXPECT_EQ(service.connections(), 1);
  }
}

TEST(CallExpect, AServiceThatSaysNothingGetsTheContentAfterAWhile) {
  CallBench bench;
  bench.expects_continue = true;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok()}});
  SlowBody body(bench.loop, {"content"});
  const auto called = bench.send("POST", body);
  EXPECT_EQ(called.content, "fine");
  EXPECT_GE(called.took, Call::kContinueWait);
  EXPECT_EQ(bench.responder.interims, (std::vector<std::uint16_t>{100}));
  EXPECT_EQ(service.contents().back(), "content");
}

TEST(CallExpect, ContentThatIsThereAlreadyGoesWithTheHead) {
  using Interims = std::vector<std::uint16_t>;
  for (const bool whole : {true, false}) {
    CallBench bench;
    bench.expects_continue = true;
    ScriptedService service(bench.loop, CallBench::address(0), {{ok()}});
    const std::vector<std::string> halves{"con", "tent"};
    SlowBody body(bench.loop, whole ? std::vector<std::string>{"content"} : halves);
    body.at_hand = 1;
    const auto called = bench.send("POST", body);
    EXPECT_EQ(called.content, "fine");
    EXPECT_LT(called.took, Call::kContinueWait);
    EXPECT_EQ(service.contents().back(), "content");
    EXPECT_FALSE(service.heads().back().contains("100-continue"));
    EXPECT_EQ(bench.responder.interims, whole ? Interims{} : Interims{100});
    EXPECT_EQ(bench.exchange.bytes_in, 7U);
  }
}

TEST(CallExpect, AFinalAnswerInsteadSparesTheContentAndEndsTheConnection) {
  CallBench bench;
  bench.expects_continue = true;
  Act act{"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno"};
  act.reads_content = false;
  ScriptedService service(bench.loop, CallBench::address(0), {act});
  SlowBody body(bench.loop, {"content"});
  const auto called = bench.send("POST", body);
  EXPECT_EQ(called.status, 417);
  EXPECT_EQ(called.content, "no");
  EXPECT_TRUE(bench.responder.interims.empty());
  EXPECT_EQ(bench.exchange.bytes_in, 0U);
  bench.expects_continue = false;
  bench.get();
  EXPECT_EQ(service.connections(), 2);
}

// --- The upload

TEST(CallUpload, AnAnswerBeforeTheContentsEndIsGivenAndEndsTheConnection) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CallBench bench(seed);
    Act act{ok("early")};
    act.reads_content = false;
    ScriptedService service(bench.loop, CallBench::address(0), {act});
    SlowBody body(bench.loop, {"a", "b", "c"}, 10s);
    const auto called = bench.send("POST", body);
    EXPECT_EQ(called.content, "early");
    EXPECT_LE(called.took, kSlack);
    bench.get();
    EXPECT_EQ(service.connections(), 2);
  }
}

TEST(CallUpload, WhatAServiceSaysBeforeItStopsReadingIsStillRead) {
  int answered = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CallBench bench(seed);
    Act act{"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig",
            End::fin};
    act.reads_content = false;
    ScriptedService service(bench.loop, CallBench::address(0), {act});
    SlowBody body(bench.loop, {numbered(400'000)});
    const auto called = bench.send("POST", body);
    // A reset may overtake the answer, as it may in a kernel.
    if (called.status == 413) ++answered;
    if (called.status == 0) EXPECT_EQ(called.reason, &reasons::kUpstreamClosed);
  }
  EXPECT_GT(answered, 3);
}

TEST(CallUpload, AContentThatFailsEndsTheCallWithItsReason) {
  for (const auto* const reason :
       {&reasons::kClientClosed, &reasons::kRequestTimeout, &reasons::kBodyTooLarge}) {
    CallBench bench;
    bench.announced = 100;
    ScriptedService service(bench.loop, CallBench::address(0), {{ok()}});
    SlowBody body(bench.loop, {"begun"}, 1s, reason);
    const auto called = bench.send("PUT", body);
    EXPECT_EQ(called.reason, reason);
    EXPECT_EQ(called.attempts, 1U);
    EXPECT_LE(called.took, 2s + kSlack);
    EXPECT_EQ(bench.exchange.bytes_in, 5U);
  }
}

TEST(CallUpload, AnAnswerThatHasBegunGoesOnWhenTheUploadFails) {
  CallBench bench;
  bench.announced = 100;
  Act act{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun", End::keep};
  act.reads_content = false;
  act.rest = " rest";
  act.rest_pause = 5s;
  ScriptedService service(bench.loop, CallBench::address(0), {act});
  SlowBody body(bench.loop, {"begun"}, 1s, &reasons::kRequestTimeout);
  const auto called = bench.send("POST", body);
  EXPECT_EQ(called.content, "begun rest");
  EXPECT_EQ(called.cut, nullptr);
  bench.announced = 0;
  bench.get();
  EXPECT_EQ(service.connections(), 2);
}

// --- The client

TEST(CallClient, OneThatIsGoneEndsTheCall) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CallBench bench(seed);
    ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, true, 10s}});
    Called called;
    bench.start("GET", nullptr, called);
    bench.loop.run_for(1s);
    bench.responder.client().become(Peer::gone);
    bench.finish();
    EXPECT_EQ(called.reason, &reasons::kClientClosed);
    EXPECT_TRUE(called.client_gone);
    EXPECT_EQ(called.attempts, 1U);
    EXPECT_LE(called.took, 1s + kSlack);
    EXPECT_FALSE(bench.responder.client().watched());
  }
}

TEST(CallClient, OneThatHalfClosedGetsAnAnswerThatComesSoon) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, true, 500ms}});
  bench.responder.client().become(Peer::half_closed);
  const auto called = bench.get();
  EXPECT_EQ(called.content, "fine");
  EXPECT_FALSE(called.client_gone);
}

TEST(CallClient, OneThatHalfClosedIsGivenUpAfterAWhile) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0), {{ok(), End::keep, true, 10s}});
  bench.responder.client().become(Peer::half_closed);
  const auto called = bench.get();
  EXPECT_EQ(called.reason, &reasons::kClientClosed);
  EXPECT_GE(called.took, Call::kHalfClosedWait);
  EXPECT_LE(called.took, Call::kHalfClosedWait + kSlack);
}

TEST(CallClient, IsWatchedDuringASecondTryToo) {
  CallBench bench;
  ScriptedService service(
      bench.loop, CallBench::address(0),
      {{"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"}, {ok(), End::keep, true, 10s}});
  Called called;
  bench.start("GET", nullptr, called);
  bench.loop.run_for(1s);
  bench.responder.client().become(Peer::gone);
  bench.finish();
  EXPECT_EQ(called.reason, &reasons::kClientClosed);
  EXPECT_EQ(called.attempts, 2U);
  EXPECT_LE(called.took, 1s + kSlack);
}

TEST(CallClient, AStreamEndsWhenItsReaderIsGone) {
  CallBench bench;
  bench.stream = true;
  ScriptedService service(bench.loop, CallBench::address(0),
                          {{"HTTP/1.1 200 OK\r\n\r\nbegun", End::keep, true, {}, {}, "rest", 10s}});
  Called called;
  bench.start("GET", nullptr, called);
  bench.loop.run_for(1s);
  const auto gone_at = bench.loop.now();
  bench.responder.client().become(Peer::gone);
  bench.finish();
  EXPECT_EQ(called.content, "begun");
  EXPECT_NE(called.cut, nullptr);
  EXPECT_TRUE(called.client_gone);
  EXPECT_LE(bench.loop.now() - gone_at, kSlack);
}

TEST(CallClient, AnAnswerThatEndsByItselfIsReadToItsEndAfterAHalfClose) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0),
                          {{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun",
                            End::keep,
                            true,
                            {},
                            {},
                            " rest",
                            5s}});
  bench.responder.client().become(Peer::half_closed);
  EXPECT_EQ(bench.get().content, "begun rest");
}

TEST(CallClient, ATunnelIsNotWatchedSinceItPassesTheFinOn) {
  for (const bool stream : {false, true}) {
    CallBench bench;
    bench.stream = stream;
    bench.upgrade_websocket = true;
    ScriptedService service(
        bench.loop, CallBench::address(0),
        {{"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"}});
    Called called;
    bench.start("GET", nullptr, called);
    bench.finish();
    EXPECT_EQ(called.status, 101);
    EXPECT_FALSE(bench.responder.client().watched());
    bench.upgrade_websocket = false;
    bench.get();
    EXPECT_EQ(service.connections(), 2);  // What was switched is never used again.
  }
}

// --- In flight

TEST(CallInFlight, ATryCountsFromItsConnectToTheAnswersEnd) {
  CallBench bench;
  ScriptedService service(bench.loop, CallBench::address(0),
                          {{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun",
                            End::keep,
                            true,
                            1s,
                            {},
                            "later",
                            1s}});
  Called called;
  bench.start("GET", nullptr, called);
  bench.loop.run_for(100ms);
  EXPECT_EQ(bench.in_flight(0), 1U);
  bench.loop.run_for(1400ms);
  EXPECT_EQ(bench.in_flight(0), 1U);
  bench.finish();
  EXPECT_EQ(called.content, "begunlater");
  EXPECT_EQ(bench.in_flight(0), 0U);
}

TEST(CallInFlight, AnotherTryCountsElsewhere) {
  CallBench bench(1, 2);
  bench.config.retry.backoff = 0ms;
  const Act slow{ok(), End::keep, true, 10s};
  const Act broken{"", End::fin, true, 10s};
  ScriptedService first(bench.loop, CallBench::address(0), {broken, slow});
  ScriptedService second(bench.loop, CallBench::address(1), {broken, slow});
  Called called;
  bench.start("GET", nullptr, called);
  bench.loop.run_for(5s);
  const auto at_first = bench.in_flight(0);
  EXPECT_EQ(at_first + bench.in_flight(1), 1U);
  bench.loop.run_for(10s);
  EXPECT_EQ(bench.in_flight(0), 1U - at_first);
  EXPECT_EQ(bench.in_flight(1), at_first);
  bench.finish();
}

// --- Whatever happens

TEST(Call, CanBeCancelledAtAnyTime) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    CallBench bench(seed, 2);
    bench.expects_continue = seed % 2 == 0;
    Act act{"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nbegun"};
    act.interim = "HTTP/1.1 100 Continue\r\n\r\n";
    ScriptedService service(bench.loop, CallBench::address(0), {act, {ok()}});
    SlowBody body(bench.loop, {numbered(30'000), "more"}, 3ms);
    Called called;
    bench.start("PUT", &body, called);
    bench.loop.run_for(Duration(bench.loop.random().below(60'000'000)));
    bench.scope.cancel();
    bench.finish();
    EXPECT_EQ(bench.service().pool(*bench.service().endpoints(), 0).in_use(), 0U);
    EXPECT_EQ(bench.service().pool(*bench.service().endpoints(), 1).in_use(), 0U);
  }
}

}  // namespace
}  // namespace penstock

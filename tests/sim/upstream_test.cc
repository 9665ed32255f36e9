// One fault at a time, and what the client sees of it and when.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "client.h"
#include "origin.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTimeouts =
    "timeouts: { connect: 300ms, firstByte: 500ms, idle: 700ms, total: 3s, perTry: 2s }";
// How much later than its instant a timeout may show: a tick, and the way to the client.
constexpr Duration kSlack = 50ms;

Task<void> ask_once(Client& client, std::string method, Outcome& outcome) {
  outcome = co_await client.ask(method, "/once", method == "GET" ? "" : "body");
}

Origin::Choose always(Act act) {
  return [act](const Asked&) { return act; };
}

struct Answer {
  Outcome outcome;
  int times_asked = 0;
};

Answer one_request(std::uint64_t seed, Act act, std::string method) {
  World world(seed, 1, kTimeouts);
  Origin origin(world, World::instance(0), always(act));
  Client client(world);
  Answer answer;
  world.run(ask_once(client, std::move(method), answer.outcome));
  answer.times_asked = origin.times_asked("/once");
  return answer;
}

struct Expected {
  Act act;
  int status;
  std::string code;
  int tries_of_get;
};

// Retried are GETs that met a reset before the answer, or 503; nothing else, and no POST at all.
TEST(Upstream, EveryFaultHasItsAnswer) {
  const std::vector<Expected> table{
      {Act::answer, 200, "", 1},
      {Act::answer_chunked, 200, "", 1},
      {Act::answer_and_end, 200, "", 1},
      {Act::answer_late, 200, "", 1},
      {Act::leave_after, 200, "", 1},
      {Act::surplus, 200, "", 1},
      {Act::busy, 503, "", 2},
      {Act::leave_before, 502, "upstream_closed", 2},
      {Act::reset_before, 502, "upstream_closed", 2},
      {Act::stall_before, 504, "upstream_first_byte_timeout", 1},
      {Act::answer_too_late, 504, "upstream_first_byte_timeout", 1},
      {Act::garbage, 502, "upstream_malformed", 1},
  };
  for (const auto& expected : table) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(::testing::Message()
                   << "act " << static_cast<int>(expected.act) << " seed " << seed);
      for (const auto* const method : {"GET", "POST"}) {
        const auto [outcome, tries] = one_request(seed, expected.act, method);
        ASSERT_EQ(outcome.status, expected.status) << method << ' ' << outcome.code;
        ASSERT_EQ(outcome.code, expected.code);
        ASSERT_TRUE(outcome.whole);
        ASSERT_EQ(tries, method == std::string("GET") ? expected.tries_of_get : 1) << method;
        if (expected.status == 200) ASSERT_TRUE(outcome.body == content_of("/once"));
      }
    }
  }
}

TEST(Upstream, AnAnswerThatIsCutShortLooksCutShort) {
  for (const auto act : {Act::leave_in_body, Act::reset_in_body, Act::stall_in_body}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(::testing::Message() << "act " << static_cast<int>(act) << " seed " << seed);
      const auto [outcome, tries] = one_request(seed, act, "GET");
      // A reset may overtake the head, and then there is time for another try, or a proper answer.
      if (act == Act::reset_in_body && tries == 2 && outcome.status == 502) continue;
      ASSERT_EQ(outcome.status, 200);
      ASSERT_FALSE(outcome.whole);
      ASSERT_LE(tries, act == Act::reset_in_body ? 2 : 1);
    }
  }
}

// --- Timeouts, in virtual time

struct Late {
  std::string code;
  Duration least;
  Duration most;
};

void expect_late(const Outcome& outcome, const Late& late) {
  EXPECT_EQ(outcome.status, 504);
  EXPECT_EQ(outcome.code, late.code);
  EXPECT_GE(outcome.took, late.least);
  EXPECT_LE(outcome.took, late.most + kSlack);
}

TEST(UpstreamTimeout, ConnectThatIsNeverAnsweredIsTriedTwice) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1, kTimeouts);
    world.network().conditions(World::instance(0)).answer = SimConditions::Answer::ignore;
    Client client(world);
    Outcome outcome;
    world.run(ask_once(client, "GET", outcome));
    expect_late(outcome, {"upstream_connect_timeout", 600ms, 600ms + 25ms});
  }
}

TEST(UpstreamTimeout, FirstByteCountsFromTheRequestsEnd) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    expect_late(one_request(seed, Act::stall_before, "GET").outcome,
                {"upstream_first_byte_timeout", 500ms, 500ms});
    expect_late(one_request(seed, Act::stall_before, "POST").outcome,
                {"upstream_first_byte_timeout", 500ms, 500ms});
  }
}

TEST(UpstreamTimeout, AStallWithinTheAnswerEndsItAtIdle) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    const auto outcome = one_request(seed, Act::stall_in_body, "GET").outcome;
    EXPECT_FALSE(outcome.whole);
    EXPECT_GE(outcome.took, 700ms);
    EXPECT_LE(outcome.took, 700ms + 2 * kSlack);
  }
}

TEST(UpstreamTimeout, TotalHoldsOverAllTries) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1,
                "timeouts: { connect: 5s, firstByte: 5s, total: 1s, perTry: 5s }, "
                "retry: { attempts: 5 }");
    world.network().conditions(World::instance(0)).answer = SimConditions::Answer::ignore;
    Client client(world);
    Outcome outcome;
    world.run(ask_once(client, "GET", outcome));
    EXPECT_EQ(outcome.status, 504);
    EXPECT_GE(outcome.took, 1s);
    EXPECT_LE(outcome.took, 1s + kSlack);
  }
}

// --- Pool

Task<void> ask_often(Client& client, World& world, int times, Duration pause, int& good) {
  for (int i = 0; i < times; ++i) {
    const auto path = "/" + std::to_string(i);
    const auto outcome = co_await client.ask("GET", path, "");
    good += outcome.status == 200 && outcome.whole && outcome.body == content_of(path) ? 1 : 0;
    co_await sleep_for(world.loop(), pause);
  }
}

TEST(Pool, KeepsOneConnectionForOneClient) {
  World world(1, 1);
  Origin origin(world, World::instance(0), always(Act::answer));
  Client client(world);
  int good = 0;
  world.run(ask_often(client, world, 50, 100ms, good));
  EXPECT_EQ(good, 50);
  EXPECT_EQ(origin.connections(), 1);
  world.loop().run_for(4100ms);
  EXPECT_EQ(origin.open(), 0);  // Idle for longer than `idleTimeout`.
}

// The origin's FIN and the next request cross again and again.
TEST(Pool, AnOriginThatClosesIdleConnectionsCostsNoRequest) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1, "retry: { budget: 100% }");
    Origin origin(world, World::instance(0), always(Act::leave_after));
    Client client(world);
    int good = 0;
    world.run(ask_often(client, world, 20, world.up_to(3ms), good));
    ASSERT_EQ(good, 20);
  }
}

TEST(Pool, SurplusBytesNeverReachAnotherRequest) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1);
    Origin origin(world, World::instance(0),
                  [&](const Asked&) { return world.chance(50) ? Act::surplus : Act::answer; });
    Client client(world);
    int good = 0;
    world.run(ask_often(client, world, 20, world.up_to(3ms), good));
    ASSERT_EQ(good, 20);
  }
}

TEST(Pool, NeverHoldsMoreConnectionsThanItMay) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 2, "pool: { maxConnections: 4 }");
    int most = 0;
    std::vector<Origin*> all;
    const auto choose = [&](const Asked&) {
      int open = 0;
      for (const auto* const origin : all) open += origin->open();
      most = std::max(most, open);
      return Act::answer_late;
    };
    Origin first(world, World::instance(0), choose);
    Origin second(world, World::instance(1), choose);
    all = {&first, &second};
    std::vector<std::unique_ptr<Client>> clients;
    int good = 0;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(std::make_unique<Client>(world));
      world.scope().spawn(ask_often(*clients.back(), world, 5, world.up_to(50ms), good));
    }
    world.loop().run_for(10s);
    // A connection that the gateway has closed is open at the origin a little longer.
    ASSERT_LE(most, 4 + 2);
    ASSERT_GT(good, 10);
  }
}

// The answer that nobody waits for any more must not become that of the connection's next request.
TEST(Pool, AnAnswerThatComesTooLateReachesNobody) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1, kTimeouts);
    Origin origin(world, World::instance(0), [](const Asked& asked) {
      return asked.path == "/1" ? Act::answer_too_late : Act::answer;
    });
    Client client(world);
    int good = 0;
    world.run(ask_often(client, world, 10, world.up_to(200ms), good));
    ASSERT_EQ(good, 9);
  }
}

// --- Choosing

TEST(Ejection, TrafficLeavesAnInstanceThatRefusesAndComesBack) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 2);
    Origin good(world, World::instance(0), always(Act::answer));
    Origin weak(world, World::instance(1), always(Act::answer));
    auto& weather = world.network().conditions(World::instance(1));
    weather.answer = SimConditions::Answer::refuse;
    Client client(world);
    int answered = 0;
    world.run(ask_often(client, world, 20, 10ms, answered));
    ASSERT_EQ(answered, 20);
    ASSERT_EQ(weak.requests(), 0);
    weather.answer = SimConditions::Answer::accept;
    world.loop().run_for(EndpointState::kLongestEjection);
    world.run(ask_often(client, world, 20, 10ms, answered));
    ASSERT_EQ(answered, 40);
    ASSERT_EQ(weak.requests(), 10);
  }
}

TEST(Budget, RetriesDoNotDoubleTheLoadOfABusyService) {
  World world(1, 1);
  Origin origin(world, World::instance(0), always(Act::busy));
  Client client(world);
  int good = 0;
  world.run(ask_often(client, world, 500, 1ms, good));
  EXPECT_EQ(good, 0);
  EXPECT_LE(origin.requests(), 500 + 100 + 10);
  EXPECT_GE(origin.requests(), 500 + 100);
}

}  // namespace
}  // namespace penstock::sim

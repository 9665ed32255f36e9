// A service is spared: its circuit, and how many requests it is given at a time. What holds, for
// every seed.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "client.h"
#include "origin.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kClients = 6;

// Clients that ask again and again until told to stop, and what became of that.
class Crowd {
 public:
  explicit Crowd(World& world) : world_(world) {
    for (int i = 0; i < kClients; ++i) clients_.push_back(std::make_unique<Client>(world));
  }
  void begin(Duration pause) {
    stopped_ = false;
    for (std::size_t i = 0; i < clients_.size(); ++i)
      world_.scope().spawn(ask_on(*clients_[i], static_cast<int>(i), pause));
  }
  // Each ends with an answer to what it has asked.
  void stop() {
    stopped_ = true;
    EXPECT_TRUE(world_.loop().run_until([this] { return asking_ == 0; }, 60s));
  }
  // What became of requests since the last look.
  std::map<std::string, int> look() { return std::exchange(seen_, {}); }

 private:
  Task<void> ask_on(Client& client, int number, Duration pause) {
    ++asking_;
    while (!stopped_) {
      const auto path = "/" + std::to_string(number) + "-" + std::to_string(++count_);
      const auto outcome = co_await client.ask("GET", path, "");
      EXPECT_TRUE(outcome.whole) << outcome.status;
      if (outcome.status == 200) EXPECT_EQ(outcome.body, content_of(path));
      ++seen_[outcome.code.empty() ? std::to_string(outcome.status) : outcome.code];
      co_await sleep_for(world_.loop(), world_.up_to(pause));
    }
    --asking_;
  }

  World& world_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::map<std::string, int> seen_;
  bool stopped_ = false;
  int asking_ = 0;
  int count_ = 0;
};

// --- Circuit

constexpr std::string_view kBreaker =
    "timeouts: { connect: 300ms, firstByte: 500ms, idle: 700ms, total: 3s, perTry: 2s }, "
    "retry: { attempts: 1 }, circuitBreaker: { failureRate: 50%, minimumRequests: 10, window: 2s, "
    "openFor: 1s, trials: 2, ramp: 1s }";

// Ways of failing that leave the client a whole answer of the gateway's.
constexpr std::array kFailures{Act::busy, Act::leave_before, Act::reset_before, Act::stall_before,
                               Act::garbage};

TEST(Circuit, SparesAServiceThatFailsAndComesBackByItself) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 2, kBreaker);
    bool fails = false;
    const auto choose = [&](const Asked&) {
      return fails ? kFailures[world.random().below(kFailures.size())] : Act::answer;
    };
    Origin first(world, World::instance(0), choose);
    Origin second(world, World::instance(1), choose);
    const auto requests = [&] { return first.requests() + second.requests(); };
    Crowd crowd(world);
    crowd.begin(200ms);
    world.loop().run_for(3s);
    auto seen = crowd.look();
    ASSERT_EQ(seen.size(), 1U);
    ASSERT_GT(seen["200"], 50);

    fails = true;
    world.loop().run_for(5s);
    ASSERT_NE(world.service().breaker.state(world.loop().now()), Breaker::State::closed);
    crowd.look();
    const auto before = requests();
    world.loop().run_for(10s);
    seen = crowd.look();
    // One round of trials a second, two of them at most.
    ASSERT_LE(requests() - before, 11 * 2);
    ASSERT_GT(seen["circuit_open"], 300);
    ASSERT_EQ(seen.count("200"), 0U);

    fails = false;
    world.loop().run_for(6s);
    crowd.look();
    world.loop().run_for(2s);
    seen = crowd.look();
    ASSERT_EQ(seen.size(), 1U) << seen.begin()->first;
    ASSERT_GT(seen["200"], 50);
    ASSERT_EQ(world.service().breaker.state(world.loop().now()), Breaker::State::closed);
    crowd.stop();
  }
}

// A tenth of failures is what the configuration puts up with.
TEST(Circuit, StaysClosedBelowItsRate) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1, kBreaker);
    Origin origin(world, World::instance(0),
                  [&](const Asked&) { return world.chance(10) ? Act::busy : Act::answer; });
    Crowd crowd(world);
    crowd.begin(200ms);
    world.loop().run_for(10s);
    crowd.stop();
    ASSERT_EQ(crowd.look().count("circuit_open"), 0U);
    ASSERT_EQ(world.service().breaker.transitions_to(Breaker::State::open), 0U);
  }
}

// Clients that leave, reloads with another breaker or none, origins of every kind: what was let
// pass is always counted back, or the trials would run out and the circuit stay half open.
TEST(Circuit, NeverStaysOpenWhateverHappens) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 2, kBreaker);
    bool fails = true;
    const auto choose = [&](const Asked&) {
      if (!fails) return Act::answer;
      return world.chance(30) ? Act::answer : static_cast<Act>(world.random().below(kActs));
    };
    Origin first(world, World::instance(0), choose);
    Origin second(world, World::instance(1), choose);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 60; ++i) {
      clients.push_back(std::make_unique<Client>(world));
      world.scope().spawn(clients.back()->ask_and_leave("GET", "/left", "", world.up_to(700ms)));
      world.loop().run_for(world.up_to(200ms));
      if (world.chance(10)) world.publish("");
      if (world.chance(30)) world.publish(kBreaker);
    }
    world.publish(kBreaker);
    fails = false;
    Crowd crowd(world);
    crowd.begin(200ms);
    world.loop().run_for(10s);
    crowd.look();
    world.loop().run_for(2s);
    auto seen = crowd.look();
    ASSERT_EQ(seen.size(), 1U) << seen.begin()->first;
    ASSERT_GT(seen["200"], 50);
    crowd.stop();
  }
}

// --- Outliers

TEST(Outlier, TheBadInstanceGetsLittleAndTheGoodOneIsNeverEjected) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    SCOPED_TRACE(seed);
    World world(
        seed, 3,
        "timeouts: { connect: 300ms, firstByte: 500ms, idle: 700ms, total: 3s, perTry: 2s }, "
        "outlierEjection: { consecutiveFailures: 3, ejectFor: 2s }");
    Origin first(world, World::instance(0), [](const Asked&) { return Act::answer; });
    Origin second(world, World::instance(1), [](const Asked&) { return Act::answer; });
    Origin bad(world, World::instance(2),
               [&](const Asked&) { return kFailures[world.random().below(kFailures.size())]; });
    Crowd crowd(world);
    crowd.begin(200ms);
    world.loop().run_for(3s);
    const auto asked = bad.requests();
    world.loop().run_for(20s);
    crowd.stop();
    // Ejected for 4, 8, 16 s; between that as many tries as are under way when it is seen to fail.
    ASSERT_LE(bad.requests() - asked, 4 * (3 + kClients));
    ASSERT_GT(first.requests(), 100);
    ASSERT_GT(second.requests(), 100);
  }
}

// --- Bulkhead

TEST(Bulkhead, TheServiceNeverHasMoreThanItIsGiven) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, 1,
                "timeouts: { firstByte: 500ms, idle: 700ms, total: 3s, perTry: 2s }, "
                "retry: { attempts: 2 }, "
                "bulkhead: { maxRequests: 2, maxPending: 2, pendingTimeout: 100ms }");
    std::uint32_t most = 0;
    Origin origin(world, World::instance(0), [&](const Asked&) {
      const auto load = world.service().bulkhead.load();
      most = std::max(most, load.inside);
      EXPECT_LE(load.pending, 2U);
      return world.chance(70) ? Act::answer_late
                              : kFailures[world.random().below(kFailures.size())];
    });
    Crowd crowd(world);
    crowd.begin(5ms);
    for (int i = 0; i < 20; ++i) {
      Client passing(world);
      world.run(passing.ask_and_leave("GET", "/left", "", world.up_to(150ms)));
    }
    world.loop().run_for(2s);
    crowd.stop();
    auto seen = crowd.look();
    ASSERT_EQ(most, 2U);
    ASSERT_GT(seen["200"], 5);
    ASSERT_GT(seen["bulkhead_full"] + seen["pending_timeout"], 5);
    ASSERT_EQ(world.service().bulkhead.load().inside, 0U);
  }
}

}  // namespace
}  // namespace penstock::sim

// Everything at once: origins that do anything, a network that breaks, clients that leave. Whatever
// a seed brings, these hold: an answer is the one that was asked for, or says that it is not; what
// may not be sent twice is not; nobody waits longer than the timeouts say; nothing is left behind.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "client.h"
#include "origin.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kLimits =
    "timeouts: { connect: 200ms, firstByte: 500ms, idle: 400ms, total: 2s, perTry: 900ms }, "
    "retry: { attempts: 3 }";
const std::string kService =
    std::string(kLimits) + ", pool: { maxConnections: 6, idleTimeout: 1s }";
constexpr std::array<std::string_view, 3> kStrategies{"roundRobin", "leastConnections", "random"};
constexpr Duration kTotal = 2s;
constexpr int kAttempts = 3;
constexpr std::uint8_t kInstances = 3;

class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : world_(seed, kInstances, kService) {
    faults_ = static_cast<unsigned>(world_.random().below(60));
    for (std::uint8_t i = 0; i < kInstances; ++i) {
      origins_.push_back(std::make_unique<Origin>(world_, World::instance(i),
                                                  [this](const Asked&) { return some_act(); }));
    }
  }

  // Until all clients have had their answers, while the configuration changes again and again.
  void run_and_reload() {
    weather_.spawn(reload());
    run();
  }

  // Until all clients have had their answers.
  void run() {
    start();
    ASSERT_TRUE(world_.loop().run_until([this] { return clients_.empty(); }, 10min));
    stop();
    // Idle connections are closed, and all that had stalled has been given up.
    world_.loop().run_for(10s);
    EXPECT_EQ(world_.network().open_streams(), 0U);
    EXPECT_EQ(world_.loop().buffers().lent(), 0U);
  }

  // The gateway is cancelled in the midst of it.
  void run_and_cut() {
    start();
    world_.loop().run_for(world_.up_to(3s));
    ending_ = true;
    world_.end_gateway();
    stop();
  }

  // The gateway drains: what was asked before is still answered.
  void run_and_drain() {
    start();
    world_.loop().run_for(world_.up_to(3s));
    ending_ = true;
    world_.drain();
    EXPECT_TRUE(world_.loop().run_until([this] { return world_.drained(); }, kTotal + 2s));
    world_.network().stop_listening(World::gateway());
    stop();
  }

 private:
  void start() {
    weather_.spawn(make_weather());
    for (int i = 0; i < 6; ++i) clients_.spawn(be_client(i));
  }

  void stop() {
    clients_.cancel();
    weather_.cancel();
    world_.loop().run_until([this] { return clients_.empty() && weather_.empty(); });
    clear_up();
  }

  Task<void> reload() {
    for (;;) {
      const auto slept = co_await sleep_for(world_.loop(), world_.up_to(300ms));
      if (!slept) co_return;
      const auto strategy = kStrategies[world_.random().below(kStrategies.size())];
      const auto service = fmt::format(
          "{}, pool: {{ maxConnections: {}, idleTimeout: {}ms }}, "
          "loadBalancing: {{ strategy: {} }}",
          kLimits, 1 + world_.random().below(8), world_.random().below(1000), strategy);
      world_.publish(service, world_.chance(70) ? "s" : "t");
    }
  }

  Act some_act() {
    if (world_.chance(faults_)) return static_cast<Act>(world_.random().below(kActs));
    return world_.chance(50) ? Act::answer : Act::answer_chunked;
  }

  Task<void> be_client(int number) {
    Client client(world_);
    for (int i = 0; i < 12; ++i) {
      const auto path = "/" + std::to_string(number) + "/" + std::to_string(i);
      const bool get = world_.chance(60);
      const auto method = get ? "GET" : "POST";
      const auto body = get ? std::string{} : request_of(path);
      if (world_.chance(10)) {
        co_await client.ask_and_leave(method, path, body, world_.up_to(50ms));
        check_tries(path, get);
        continue;
      }
      const auto outcome = co_await client.ask(method, path, body);
      if (ending_ && outcome.status == 0) co_return;
      check(outcome, path, get);
      if (world_.chance(10)) client.leave();
      co_await sleep_for(world_.loop(), world_.chance(50) ? 0ms : world_.up_to(300ms));
    }
  }

  static std::string request_of(const std::string& path) { return content_of(path + " request"); }

  static void check_content(const Outcome& outcome, const std::string& content) {
    if (outcome.whole)
      EXPECT_TRUE(outcome.body == content);
    else
      EXPECT_TRUE(content.starts_with(outcome.body));
  }

  static void check_refusal(const Outcome& outcome) {
    EXPECT_TRUE(outcome.status == 502 || outcome.status == 503 || outcome.status == 504);
    EXPECT_TRUE(outcome.whole);
    EXPECT_TRUE(!outcome.code.empty() || outcome.body == "busy");
  }

  void check(const Outcome& outcome, const std::string& path, bool get) {
    SCOPED_TRACE(path + (get ? " GET " : " POST ") + std::to_string(outcome.status) + ' ' +
                 outcome.code);
    if (outcome.status == 200)
      check_content(outcome, content_of(path));
    else
      check_refusal(outcome);
    EXPECT_LE(outcome.took, kTotal + 100ms);
    check_tries(path, get);
  }

  void check_tries(const std::string& path, bool get) {
    int asked = 0;
    for (const auto& origin : origins_) asked += origin->times_asked(path);
    EXPECT_LE(asked, get ? kAttempts : 1);
  }

  // Now and then something happens to an instance, and passes.
  Task<void> make_weather() {
    using Answer = SimConditions::Answer;
    for (;;) {
      const auto slept = co_await sleep_for(world_.loop(), world_.up_to(400ms));
      if (!slept) co_return;
      if (!world_.chance(faults_)) continue;
      const auto address =
          World::instance(static_cast<std::uint8_t>(world_.random().below(kInstances)));
      auto& conditions = world_.network().conditions(address);
      switch (world_.random().below(6)) {
        case 0:
          conditions.answer = Answer::refuse;
          break;
        case 1:
          conditions.answer = Answer::ignore;
          break;
        case 2:
          conditions.window = 1 + world_.random().below(1000);
          break;
        case 3:
          world_.network().reset(address);
          break;
        case 4:
          world_.network().stall(address);
          break;
        default:
          clear_up();
          break;
      }
    }
  }

  void clear_up() {
    for (std::uint8_t i = 0; i < kInstances; ++i) {
      world_.network().conditions(World::instance(i)) = {};
      world_.network().resume(World::instance(i));
    }
  }

  World world_;
  unsigned faults_;  // Percent.
  std::vector<std::unique_ptr<Origin>> origins_;
  Scope clients_{world_.loop()};
  Scope weather_{world_.loop()};
  bool ending_ = false;
};

// PENSTOCK_SIM_SEEDS=BEGIN-END for more of them, or for one again.
struct Seeds {
  std::uint64_t begin = 0;
  std::uint64_t end = 200;
};

Seeds seeds() {
  Seeds seeds;
  const auto* const text = std::getenv("PENSTOCK_SIM_SEEDS");
  if (text == nullptr) return seeds;
  char* rest = nullptr;
  seeds.begin = std::strtoull(text, &rest, 10);
  seeds.end = *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : seeds.begin + 1;
  return seeds;
}

void for_each_seed(void (Chaos::*run)()) {
  const auto [begin, end] = seeds();
  for (auto seed = begin; seed < end; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chaos chaos(seed);
    (chaos.*run)();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Chaos, WhateverHappensThePromisesHold) {
  for_each_seed(&Chaos::run);
}

TEST(Chaos, TheConfigurationMayChangeAtAnyTime) {
  for_each_seed(&Chaos::run_and_reload);
}

TEST(Chaos, TheGatewayMayBeCutAtAnyTime) {
  for_each_seed(&Chaos::run_and_cut);
}

TEST(Chaos, WhatWasAskedBeforeADrainIsAnswered) {
  for_each_seed(&Chaos::run_and_drain);
}

}  // namespace
}  // namespace penstock::sim
